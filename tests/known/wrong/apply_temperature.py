"""Wrong solutions of `apply_temperature`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="temperature_multiplied")
def multiplies(logits, temperature):
    """Multiplies by the temperature, so a high one sharpens the distribution."""
    if temperature is None:
        return logits
    return logits * temperature


@wrong(fails_case=1, kind="value", misconception="temperature_ignored")
def unchanged(logits, temperature):
    """Ignores the temperature."""
    return logits


@wrong(fails_case=1, kind="value", misconception="temperature_added")
def adds(logits, temperature):
    """Adds the temperature to every logit, which does not change the distribution."""
    if temperature is None:
        return logits
    return logits + temperature


@wrong(fails_case=1, kind="value", misconception="tempered_probs")
def probabilities(logits, temperature):
    """Returns probabilities where logits are expected."""
    if temperature is None:
        return logits
    return (logits / temperature).softmax(-1)


@wrong(fails_case=1, kind="value", misconception="temperature_of_probs")
def divides_probabilities(logits, temperature):
    """Divides probabilities instead of logits."""
    if temperature is None:
        return logits
    return logits.softmax(-1) / temperature


@wrong(fails_case=1, kind="changed", misconception="changed")
def in_place(logits, temperature):
    """Overwrites the caller's logits."""
    if temperature is None:
        return logits
    logits /= temperature
    return logits


@wrong(fails_case=3, kind="raised", misconception="none")
def none_not_handled(logits, temperature):
    """Divides by `None`, which should switch the temperature off."""
    return logits / temperature


@wrong(fails_case=3, kind="value", misconception="none")
def none_as_zero(logits, temperature):
    """Treats `None` as a temperature near zero instead of switching it off."""
    return logits / max(temperature or 0, 1e-6)


@wrong(fails_case=1, kind="value", misconception="temperature_of_positive")
def only_positive_logits(logits, temperature):
    """Leaves negative logits as they are."""
    if temperature is None:
        return logits
    return torch.where(logits > 0, logits / temperature, logits)


@wrong(fails_case=5, kind="value", misconception="temperature_bounded")
def never_below_a_tenth(logits, temperature):
    """Raises any temperature below 0.1 to 0.1."""
    if temperature is None:
        return logits
    return logits / max(temperature, 0.1)


@wrong(fails_case=1, kind="value", misconception="temperature_shifted")
def shifted_by_the_maximum(logits, temperature):
    """Subtracts the maximum: the distribution is right, but the logits are not."""
    if temperature is None:
        return logits
    return (logits - logits.max()) / temperature


@wrong(fails_case=1, kind="type", misconception="type")
def returns_a_list(logits, temperature):
    """Returns a list instead of a tensor."""
    if temperature is None:
        return logits
    return (logits / temperature).tolist()


@wrong(fails_case=1, kind="dtype", misconception="dtype")
def whole_numbers(logits, temperature):
    """Truncates the logits to whole numbers."""
    if temperature is None:
        return logits
    return (logits / temperature).long()


@wrong(fails_case=5, kind="value")
def cut_off_infinities(logits, temperature):
    """Raises minus infinity to -100, so a token that was ruled out becomes possible again."""
    if temperature is None:
        return logits
    return (logits / temperature).clamp(min=-100)
