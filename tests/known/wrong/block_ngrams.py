"""Wrong solutions of `block_ngrams`, each with the case that must find it."""

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="kept", misconception="ngram_ignored")
def nothing_forbidden(logits, input_ids, n):
    """Returns a copy of the logits, so nothing is forbidden."""
    return logits.clone()


@wrong(fails_case=1, kind="dropped", misconception="ngram_one_shorter")
def one_token_too_short(logits, input_ids, n):
    """Counts n - 1 tokens with the new one, instead of before it."""
    if not n or n == 1:
        return logits
    n = n - 1
    ids = input_ids[0].tolist()
    result = logits.clone()
    for i in range(len(ids) - n + 1):
        if ids[i : i + n - 1] == ids[len(ids) - n + 1 :]:
            result[ids[i + n - 1]] = float("-inf")
    return result


@wrong(fails_case=1, kind="kept", misconception="ngram_one_longer")
def one_token_too_long(logits, input_ids, n):
    """Compares the last n tokens instead of the last n - 1."""
    if not n:
        return logits
    n = n + 1
    ids = input_ids[0].tolist()
    result = logits.clone()
    for i in range(len(ids) - n + 1):
        if ids[i : i + n - 1] == ids[len(ids) - n + 1 :]:
            result[ids[i + n - 1]] = float("-inf")
    return result


@wrong(fails_case=1, kind="dropped", misconception="ngram_of_all_tokens")
def all_tokens_seen(logits, input_ids, n):
    """Forbids every token that has occurred."""
    if not n:
        return logits
    result = logits.clone()
    result[input_ids[0]] = float("-inf")
    return result


@wrong(fails_case=1, kind="dropped", misconception="ngram_without_its_beginning")
def end_of_every_ngram(logits, input_ids, n):
    """Forbids the last token of every n-gram, whatever it begins with."""
    if not n:
        return logits
    result = logits.clone()
    result[input_ids[0, n - 1 :]] = float("-inf")
    return result


@wrong(fails_case=1, kind="dropped", misconception="ngram_always_pairs")
def last_token_only(logits, input_ids, n):
    """Compares only the last token, whatever n is."""
    if not n:
        return logits
    n = 2
    ids = input_ids[0].tolist()
    result = logits.clone()
    for i in range(len(ids) - n + 1):
        if ids[i : i + n - 1] == ids[len(ids) - n + 1 :]:
            result[ids[i + n - 1]] = float("-inf")
    return result


@wrong(fails_case=2, kind="kept", misconception="ngram_first_only")
def first_match_only(logits, input_ids, n):
    """Stops at the first match, although another token may have come later."""
    if not n:
        return logits
    ids = input_ids[0].tolist()
    result = logits.clone()
    for i in range(len(ids) - n + 1):
        if ids[i : i + n - 1] == ids[len(ids) - n + 1 :]:
            result[ids[i + n - 1]] = float("-inf")
            break
    return result


@wrong(fails_case=2, kind="kept", misconception="ngram_latest_only")
def latest_match_only(logits, input_ids, n):
    """Keeps only the latest match."""
    if not n:
        return logits
    ids = input_ids[0].tolist()
    following = {}
    for i in range(len(ids) - n + 1):
        following[tuple(ids[i : i + n - 1])] = ids[i + n - 1]
    result = logits.clone()
    if (ending := tuple(ids[len(ids) - n + 1 :])) in following:
        result[following[ending]] = float("-inf")
    return result


@wrong(fails_case=1, kind="filled", misconception="filled")
def zero_for_forbidden(logits, input_ids, n):
    """Sets forbidden logits to 0, which does not rule those tokens out."""
    if not n:
        return logits
    ids = input_ids[0].tolist()
    result = logits.clone()
    for i in range(len(ids) - n + 1):
        if ids[i : i + n - 1] == ids[len(ids) - n + 1 :]:
            result[ids[i + n - 1]] = 0.0
    return result


@wrong(fails_case=1, kind="changed", misconception="changed")
def in_place(logits, input_ids, n):
    """Overwrites the caller's logits."""
    if not n:
        return logits
    ids = input_ids[0].tolist()
    result = logits
    for i in range(len(ids) - n + 1):
        if ids[i : i + n - 1] == ids[len(ids) - n + 1 :]:
            result[ids[i + n - 1]] = float("-inf")
    return result


@wrong(fails_case=6, kind="raised", misconception="none")
def none_not_handled(logits, input_ids, n):
    """Computes with `None`, which should switch the rule off."""
    ids = input_ids[0].tolist()
    result = logits.clone()
    for i in range(len(ids) - n + 1):
        if ids[i : i + n - 1] == ids[len(ids) - n + 1 :]:
            result[ids[i + n - 1]] = float("-inf")
    return result
