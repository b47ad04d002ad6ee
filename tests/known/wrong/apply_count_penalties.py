"""Wrong solutions of `apply_count_penalties`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="count_with_the_prompt")
def prompt_counted(logits, input_ids, prompt_length, frequency, presence):
    """Counts the prompt as well."""
    counts = torch.bincount(input_ids[0], minlength=len(logits))
    return logits - ((frequency or 0.0) * counts + (presence or 0.0) * (counts > 0))


@wrong(fails_case=1, kind="value", misconception="count_of_the_prompt")
def only_the_prompt_counted(logits, input_ids, prompt_length, frequency, presence):
    """Counts the prompt instead of what was generated."""
    counts = torch.bincount(input_ids[0, :prompt_length], minlength=len(logits))
    return logits - ((frequency or 0.0) * counts + (presence or 0.0) * (counts > 0))


@wrong(fails_case=1, kind="value", misconception="count_without_the_last")
def last_token_missing(logits, input_ids, prompt_length, frequency, presence):
    """Leaves the last generated token out."""
    counts = torch.bincount(input_ids[0, prompt_length:-1], minlength=len(logits))
    return logits - ((frequency or 0.0) * counts + (presence or 0.0) * (counts > 0))


@wrong(fails_case=1, kind="value", misconception="count_once")
def frequency_once(logits, input_ids, prompt_length, frequency, presence):
    """Subtracts the frequency penalty once, however often a token came."""
    counts = torch.bincount(input_ids[0, prompt_length:], minlength=len(logits))
    return logits - (((frequency or 0.0) + (presence or 0.0)) * (counts > 0))


@wrong(fails_case=1, kind="value", misconception="count_presence_too")
def presence_by_count(logits, input_ids, prompt_length, frequency, presence):
    """Multiplies the presence penalty by the count as well."""
    counts = torch.bincount(input_ids[0, prompt_length:], minlength=len(logits))
    return logits - (((frequency or 0.0) + (presence or 0.0)) * counts)


@wrong(fails_case=1, kind="value", misconception="count_added")
def added(logits, input_ids, prompt_length, frequency, presence):
    """Adds the penalties, so that repetition becomes more likely."""
    counts = torch.bincount(input_ids[0, prompt_length:], minlength=len(logits))
    return logits + ((frequency or 0.0) * counts + (presence or 0.0) * (counts > 0))


@wrong(fails_case=1, kind="value", misconception="count_swapped")
def swapped(logits, input_ids, prompt_length, frequency, presence):
    """Swaps frequency and presence."""
    counts = torch.bincount(input_ids[0, prompt_length:], minlength=len(logits))
    return logits - ((presence or 0.0) * counts + (frequency or 0.0) * (counts > 0))


@wrong(fails_case=1, kind="value", misconception="count_without_presence")
def presence_forgotten(logits, input_ids, prompt_length, frequency, presence):
    """Forgets the presence penalty."""
    counts = torch.bincount(input_ids[0, prompt_length:], minlength=len(logits))
    return logits - ((frequency or 0.0) * counts)


@wrong(fails_case=1, kind="changed", misconception="changed")
def in_place(logits, input_ids, prompt_length, frequency, presence):
    """Overwrites the caller's logits."""
    counts = torch.bincount(input_ids[0, prompt_length:], minlength=len(logits))
    logits -= (frequency or 0.0) * counts + (presence or 0.0) * (counts > 0)
    return logits


@wrong(fails_case=2, kind="raised", misconception="none")
def none_not_handled(logits, input_ids, prompt_length, frequency, presence):
    """Computes with `None`, which should switch a penalty off."""
    counts = torch.bincount(input_ids[0, prompt_length:], minlength=len(logits))
    return logits - (frequency * counts + presence * (counts > 0))
