"""Wrong solutions of `apply_repetition_penalty`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="penalty_divides")
def divides_all(logits, input_ids, penalty):
    """Divides negative logits too, which makes those tokens more likely."""
    if penalty is None:
        return logits
    result = logits.clone()
    for token in set(input_ids[0].tolist()):
        result[token] /= penalty
    return result


@wrong(fails_case=1, kind="value", misconception="penalty_multiplies")
def multiplies_all(logits, input_ids, penalty):
    """Multiplies positive logits too, which makes those tokens more likely."""
    if penalty is None:
        return logits
    result = logits.clone()
    for token in set(input_ids[0].tolist()):
        result[token] *= penalty
    return result


@wrong(fails_case=1, kind="value", misconception="penalty_swapped")
def signs_swapped(logits, input_ids, penalty):
    """Multiplies positive logits and divides negative ones, so it rewards repetition."""
    if penalty is None:
        return logits
    result = logits.clone()
    for token in set(input_ids[0].tolist()):
        result[token] *= penalty if result[token] > 0 else 1 / penalty
    return result


@wrong(fails_case=1, kind="value", misconception="penalty_subtracted")
def subtracts(logits, input_ids, penalty):
    """Subtracts the penalty instead of scaling the logits by it."""
    if penalty is None:
        return logits
    result = logits.clone()
    for token in set(input_ids[0].tolist()):
        result[token] -= penalty
    return result


@wrong(fails_case=2, kind="value", misconception="penalty_per_occurrence")
def once_per_occurrence(logits, input_ids, penalty):
    """Applies the penalty once per occurrence, so a repeated token is penalised repeatedly."""
    if penalty is None:
        return logits
    result = logits.clone()
    for token in input_ids[0].tolist():
        result[token] *= 1 / penalty if result[token] > 0 else penalty
    return result


@wrong(fails_case=1, kind="value", misconception="penalty_of_the_last_token")
def only_the_last_token(logits, input_ids, penalty):
    """Penalises only the last token of the text, not every token that occurs in it."""
    if penalty is None:
        return logits
    result = logits.clone()
    token = input_ids[0, -1]
    result[token] *= 1 / penalty if result[token] > 0 else penalty
    return result


@wrong(fails_case=1, kind="value", misconception="penalty_without_the_first")
def only_without_the_first(logits, input_ids, penalty):
    """Skips the first token of the text, which counts like any other."""
    if penalty is None:
        return logits
    result = logits.clone()
    for token in set(input_ids[0, 1:].tolist()):
        result[token] *= 1 / penalty if result[token] > 0 else penalty
    return result


@wrong(fails_case=1, kind="value", misconception="penalty_of_all_tokens")
def all_tokens(logits, input_ids, penalty):
    """Penalises the whole vocabulary, not just the tokens that occur in the text."""
    if penalty is None:
        return logits
    return torch.where(logits > 0, logits / penalty, logits * penalty)


@wrong(fails_case=1, kind="value", misconception="penalty_of_the_others")
def the_others(logits, input_ids, penalty):
    """Penalises the tokens that do not occur in the text."""
    if penalty is None:
        return logits
    changed = torch.where(logits > 0, logits / penalty, logits * penalty)
    changed[input_ids[0]] = logits[input_ids[0]]
    return changed


@wrong(fails_case=1, kind="value", misconception="penalty_forbids")
def forbids_repetition(logits, input_ids, penalty):
    """Rules out the tokens of the text instead of making them less likely."""
    if penalty is None:
        return logits
    result = logits.clone()
    for token in set(input_ids[0].tolist()):
        result[token] = float("-inf")
    return result


@wrong(fails_case=1, kind="value", misconception="penalised_probs")
def probabilities(logits, input_ids, penalty):
    """Returns probabilities where logits are expected."""
    if penalty is None:
        return logits
    result = logits.clone()
    for token in set(input_ids[0].tolist()):
        result[token] *= 1 / penalty if result[token] > 0 else penalty
    return result.softmax(-1)


@wrong(fails_case=1, kind="value", misconception="penalty_on_probs")
def of_the_probabilities(logits, input_ids, penalty):
    """Penalises and returns probabilities, although the penalty applies to logits."""
    if penalty is None:
        return logits
    probs = logits.softmax(-1)
    probs[input_ids[0]] /= penalty
    return probs


@wrong(fails_case=1, kind="changed", misconception="changed")
def in_place(logits, input_ids, penalty):
    """Overwrites the caller's logits."""
    if penalty is None:
        return logits
    seen = logits[input_ids[0]]
    logits[input_ids[0]] = torch.where(seen > 0, seen / penalty, seen * penalty)
    return logits


@wrong(fails_case=3, kind="raised", misconception="none")
def none_not_handled(logits, input_ids, penalty):
    """Computes with `None`, which should switch the penalty off."""
    result = logits.clone()
    seen = logits[input_ids[0]]
    result[input_ids[0]] = torch.where(seen > 0, seen / penalty, seen * penalty)
    return result


@wrong(fails_case=1, kind="shape", misconception="shape")
def only_the_penalised(logits, input_ids, penalty):
    """Returns only the logits that were penalised, not the whole vocabulary."""
    if penalty is None:
        return logits
    seen = logits[input_ids[0]]
    return torch.where(seen > 0, seen / penalty, seen * penalty)


@wrong(fails_case=1, kind="shape", misconception="shape")
def batch_dimension_added(logits, input_ids, penalty):
    """Returns logits of shape (1, V) instead of (V,)."""
    if penalty is None:
        return logits
    result = logits.clone()
    for token in set(input_ids[0].tolist()):
        result[token] *= 1 / penalty if result[token] > 0 else penalty
    return result.unsqueeze(0)


@wrong(fails_case=1, kind="dtype", misconception="dtype")
def half_precision(logits, input_ids, penalty):
    """Returns the logits in half precision instead of their own dtype."""
    if penalty is None:
        return logits
    result = logits.clone()
    for token in set(input_ids[0].tolist()):
        result[token] *= 1 / penalty if result[token] > 0 else penalty
    return result.half()


@wrong(fails_case=9, kind="value", misconception="penalty_of_a_window")
def only_the_last_20(logits, input_ids, penalty):
    """Penalises only the last 20 tokens of the text, as some libraries do."""
    if penalty is None:
        return logits
    result = logits.clone()
    for token in set(input_ids[0, -20:].tolist()):
        result[token] *= 1 / penalty if result[token] > 0 else penalty
    return result


@wrong(fails_case=9, kind="value", misconception="penalty_of_a_window")
def only_the_last_64(logits, input_ids, penalty):
    """Penalises only the last 64 tokens of the text, as some libraries do."""
    if penalty is None:
        return logits
    result = logits.clone()
    for token in set(input_ids[0, -64:].tolist()):
        result[token] *= 1 / penalty if result[token] > 0 else penalty
    return result


@wrong(fails_case=7, kind="value", misconception="penalty_from_one")
def never_rewarded(logits, input_ids, penalty):
    """Leaves the logits unchanged for a penalty below 1, which makes repetition more likely."""
    if penalty is None or penalty <= 1:
        return logits
    result = logits.clone()
    for token in set(input_ids[0].tolist()):
        result[token] *= 1 / penalty if result[token] > 0 else penalty
    return result
