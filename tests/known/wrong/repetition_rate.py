"""Wrong solutions of `repetition_rate`, each with the case that must find it."""

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="repetition_first_counted")
def first_occurrence_counted(token_ids, n):
    """Counts the first occurrence of a repeated n-gram as a repetition too."""
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    if not ngrams:
        return 0.0
    return sum(ngrams.count(g) > 1 for g in ngrams) / len(ngrams)


@wrong(fails_case=1, kind="value", misconception="repetition_as_distinct")
def distinct(token_ids, n):
    """Returns the share of distinct n-grams instead of repeated ones."""
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    if not ngrams:
        return 0.0
    return len(set(ngrams)) / len(ngrams)


@wrong(fails_case=1, kind="value", misconception="repetition_by_tokens")
def divided_by_tokens(token_ids, n):
    """Divides by the number of tokens instead of the number of n-grams."""
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    if not ngrams:
        return 0.0
    return (len(ngrams) - len(set(ngrams))) / len(token_ids)


@wrong(fails_case=1, kind="value", misconception="repetition_by_distinct")
def divided_by_distinct(token_ids, n):
    """Divides by the number of distinct n-grams instead of all n-grams."""
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    if not ngrams:
        return 0.0
    return (len(ngrams) - len(set(ngrams))) / len(set(ngrams))


@wrong(fails_case=1, kind="value", misconception="repetition_number")
def number_instead_of_share(token_ids, n):
    """Returns the number of repetitions instead of their share."""
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    if not ngrams:
        return 0.0
    return len(ngrams) - len(set(ngrams))


@wrong(fails_case=1, kind="value", misconception="repetition_percent")
def percent(token_ids, n):
    """Returns a percentage instead of a share."""
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    if not ngrams:
        return 0.0
    return 100 * (len(ngrams) - len(set(ngrams))) / len(ngrams)


@wrong(fails_case=1, kind="value", misconception="repetition_of_distinct")
def which_ngrams_repeat(token_ids, n):
    """Returns the share of distinct n-grams that occur more than once."""
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    if not ngrams:
        return 0.0
    return sum(ngrams.count(g) > 1 for g in set(ngrams)) / len(set(ngrams))


@wrong(fails_case=1, kind="value", misconception="repetition_not_overlapping")
def not_overlapping(token_ids, n):
    """Cuts the tokens into n-grams that do not overlap."""
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1, n)]
    if not ngrams:
        return 0.0
    return (len(ngrams) - len(set(ngrams))) / len(ngrams)


@wrong(fails_case=1, kind="value", misconception="repetition_last_missed")
def last_ngram_forgotten(token_ids, n):
    """Leaves out the last n-gram."""
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n)]
    if not ngrams:
        return 0.0
    return (len(ngrams) - len(set(ngrams))) / len(ngrams)


@wrong(fails_case=1, kind="value", misconception="repetition_of_neighbours")
def only_neighbours(token_ids, n):
    """Compares each n-gram only with the next one."""
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    if not ngrams:
        return 0.0
    return sum(a == b for a, b in zip(ngrams, ngrams[1:])) / len(ngrams)


@wrong(fails_case=1, kind="value", misconception="repetition_of_tokens")
def single_tokens(token_ids, n):
    """Ignores n and looks for repeated single tokens."""
    return 1 - len(set(token_ids)) / max(len(token_ids), 1)


@wrong(fails_case=4, kind="value", misconception="repetition_without_order")
def order_ignored(token_ids, n):
    """Ignores the order of the tokens in an n-gram."""
    ngrams = [frozenset(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    if not ngrams:
        return 0.0
    return (len(ngrams) - len(set(ngrams))) / len(ngrams)


@wrong(fails_case=8, kind="raised", misconception="raised:division by zero")
def empty_not_handled(token_ids, n):
    """Divides by zero if there are fewer than n tokens."""
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    return (len(ngrams) - len(set(ngrams))) / len(ngrams)


@wrong(fails_case=8, kind="value", misconception="repetition_of_none_is_one")
def empty_is_one(token_ids, n):
    """Returns 1 instead of 0 if there are fewer than n tokens."""
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    return (len(ngrams) - len(set(ngrams))) / len(ngrams) if ngrams else 1.0


@wrong(fails_case=1, kind="type", misconception="type")
def text(token_ids, n):
    """Returns a string instead of a number."""
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    if not ngrams:
        return 0.0
    return f"{(len(ngrams) - len(set(ngrams))) / len(ngrams):.0%}"


@wrong(fails_case=7, kind="value", misconception="repetition_from_three")
def two_ngrams_too_few(token_ids, n):
    """Returns 0 for a text of n + 1 tokens, which has two n-grams."""
    if len(token_ids) < n + 2:
        return 0.0
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    return (len(ngrams) - len(set(ngrams))) / len(ngrams)


@wrong(fails_case=7, kind="value", misconception="repetition_from_three")
def guarded_by_the_number_of_ngrams(token_ids, n):
    """Demands three n-grams before it counts, so two that are alike give 0."""
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    if len(ngrams) <= 2:
        return 0.0
    return (len(ngrams) - len(set(ngrams))) / len(ngrams)
