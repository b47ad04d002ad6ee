"""Wrong solutions of `top_tokens`, each with the case that must find it."""

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="raw_tokens")
def raw_tokens(tokenizer, probs, k):
    """Returns the tokenizer's internal tokens, which write a space as Ġ."""
    values, indices = probs.topk(k)
    return list(zip(tokenizer.convert_ids_to_tokens(indices), values.tolist()))


@wrong(fails_case=1, kind="value", misconception="least_likely_first")
def ascending(tokenizer, probs, k):
    """Lists the k tokens from the least likely up."""
    values, indices = probs.topk(k)
    pairs = list(zip(map(tokenizer.decode, indices.tolist()), values.tolist()))
    return pairs[::-1]


@wrong(fails_case=1, kind="value", misconception="least_likely")
def least_likely(tokenizer, probs, k):
    """Returns the k least likely tokens."""
    values, indices = probs.topk(k, largest=False)
    return list(zip(map(tokenizer.decode, indices.tolist()), values.tolist()))


@wrong(fails_case=1, kind="length", misconception="length")
def one_too_few(tokenizer, probs, k):
    """Returns k - 1 tokens."""
    values, indices = probs.topk(k)
    pairs = list(zip(map(tokenizer.decode, indices.tolist()), values.tolist()))
    return pairs[:-1]


@wrong(fails_case=1, kind="type", misconception="type")
def ids(tokenizer, probs, k):
    """Returns token ids instead of texts."""
    values, indices = probs.topk(k)
    return list(zip(indices.tolist(), values.tolist()))


@wrong(fails_case=1, kind="type", misconception="type")
def swapped(tokenizer, probs, k):
    """Puts the probability before the text."""
    values, indices = probs.topk(k)
    pairs = list(zip(map(tokenizer.decode, indices.tolist()), values.tolist()))
    return [(p, t) for t, p in pairs]


@wrong(fails_case=1, kind="type", misconception="type")
def dictionary(tokenizer, probs, k):
    """Returns a dictionary instead of a list of pairs."""
    values, indices = probs.topk(k)
    pairs = list(zip(map(tokenizer.decode, indices.tolist()), values.tolist()))
    return dict(pairs)


@wrong(fails_case=1, kind="type", misconception="type")
def texts_only(tokenizer, probs, k):
    """Returns the texts without their probabilities."""
    values, indices = probs.topk(k)
    pairs = list(zip(map(tokenizer.decode, indices.tolist()), values.tolist()))
    return [t for t, _ in pairs]


@wrong(fails_case=1, kind="value", misconception="stripped_texts")
def stripped(tokenizer, probs, k):
    """Strips the texts, although a space is part of a token."""
    values, indices = probs.topk(k)
    pairs = list(zip(map(tokenizer.decode, indices.tolist()), values.tolist()))
    return [(t.strip(), p) for t, p in pairs]


@wrong(fails_case=1, kind="value", misconception="renormalised")
def renormalised(tokenizer, probs, k):
    """Rescales the probabilities of the k tokens so that they add up to 1."""
    values, indices = probs.topk(k)
    pairs = list(zip(map(tokenizer.decode, indices.tolist()), values.tolist()))
    return [(t, p / values.sum().item()) for t, p in pairs]


@wrong(fails_case=1, kind="value", misconception="first_repeated")
def the_first_one_repeated(tokenizer, probs, k):
    """Repeats the most likely token k times."""
    values, indices = probs.topk(k)
    pairs = list(zip(map(tokenizer.decode, indices.tolist()), values.tolist()))
    return [pairs[0]] * k
