"""Wrong solutions of `apply_sequence_bias`, each with the case that must find it."""

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="bias_ignored")
def nothing_added(logits, input_ids, biases):
    """Returns a copy of the logits, so no bias has an effect."""
    return logits.clone()


@wrong(fails_case=1, kind="value", misconception="bias_of_single_tokens")
def single_tokens_only(logits, input_ids, biases):
    """Uses sequences of one token only."""
    ids = input_ids[0].tolist()
    result = logits.clone()
    for tokens, bias in biases:
        if len(tokens) == 1:
            result[tokens[-1]] += bias
    return result


@wrong(fails_case=1, kind="value", misconception="bias_always")
def whatever_came_before(logits, input_ids, biases):
    """Adds each bias, whatever the text ends in."""
    ids = input_ids[0].tolist()
    result = logits.clone()
    for tokens, bias in biases:
        result[tokens[-1]] += bias
    return result


@wrong(fails_case=1, kind="value", misconception="bias_anywhere")
def anywhere_in_the_text(logits, input_ids, biases):
    """Looks for the beginning anywhere in the text."""
    ids = input_ids[0].tolist()
    result = logits.clone()
    for tokens, bias in biases:
        if any(
            ids[i : i + len(tokens) - 1] == tokens[:-1] for i in range(len(ids) - len(tokens) + 2)
        ):
            result[tokens[-1]] += bias
    return result


@wrong(fails_case=3, kind="value", misconception="bias_after_the_last_token")
def one_token_before(logits, input_ids, biases):
    """Compares only one token before the last one."""
    ids = input_ids[0].tolist()
    result = logits.clone()
    for tokens, bias in biases:
        if len(tokens) == 1 or tokens[-2] == ids[-1]:
            result[tokens[-1]] += bias
    return result


@wrong(fails_case=1, kind="value", misconception="bias_of_the_first")
def first_token_biased(logits, input_ids, biases):
    """Adds the bias to the first token of the sequence."""
    ids = input_ids[0].tolist()
    result = logits.clone()
    for tokens, bias in biases:
        if ids[max(len(ids) - len(tokens) + 1, 0) :] == tokens[:-1]:
            result[tokens[0]] += bias
    return result


@wrong(fails_case=2, kind="value", misconception="bias_not_summed")
def last_bias_wins(logits, input_ids, biases):
    """Starts from the given logit each time, so the last bias wins."""
    ids = input_ids[0].tolist()
    result = logits.clone()
    for tokens, bias in biases:
        if ids[max(len(ids) - len(tokens) + 1, 0) :] == tokens[:-1]:
            result[tokens[-1]] = logits[tokens[-1]] + bias
    return result


@wrong(fails_case=1, kind="value", misconception="bias_subtracted")
def subtracted(logits, input_ids, biases):
    """Subtracts the biases."""
    ids = input_ids[0].tolist()
    result = logits.clone()
    for tokens, bias in biases:
        if ids[max(len(ids) - len(tokens) + 1, 0) :] == tokens[:-1]:
            result[tokens[-1]] -= bias
    return result


@wrong(fails_case=1, kind="value", misconception="bias_replaces")
def replaced(logits, input_ids, biases):
    """Puts the bias in the place of the logit."""
    ids = input_ids[0].tolist()
    result = logits.clone()
    for tokens, bias in biases:
        if ids[max(len(ids) - len(tokens) + 1, 0) :] == tokens[:-1]:
            result[tokens[-1]] = bias
    return result


@wrong(fails_case=1, kind="changed", misconception="changed")
def in_place(logits, input_ids, biases):
    """Overwrites the caller's logits."""
    ids = input_ids[0].tolist()
    result = logits
    for tokens, bias in biases:
        if ids[max(len(ids) - len(tokens) + 1, 0) :] == tokens[:-1]:
            result[tokens[-1]] += bias
    return result
