"""Wrong solutions of `learning_rate`, each with the case that must find it."""

import math

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="rate_from_zero")
def begins_at_zero(step, steps, warm_up_steps, highest):
    """Begins with a rate of 0."""
    if step < warm_up_steps:
        return highest * step / warm_up_steps
    return highest * (steps - step) / (steps - warm_up_steps)


@wrong(fails_case=5, kind="value", misconception="rate_constant_afterwards")
def stays_up(step, steps, warm_up_steps, highest):
    """Stays at the top."""
    if step < warm_up_steps:
        return highest * (step + 1) / warm_up_steps
    return highest


@wrong(fails_case=1, kind="value", misconception="rate_never_warms_up")
def no_warm_up(step, steps, warm_up_steps, highest):
    """Falls from the first step."""
    return highest * (steps - step) / steps


@wrong(fails_case=4, kind="value", misconception="rate_falls_from_the_start")
def jumps(step, steps, warm_up_steps, highest):
    """Jumps down where warm-up ends."""
    if step < warm_up_steps:
        return highest * (step + 1) / warm_up_steps
    return highest * (steps - step) / steps


@wrong(fails_case=4, kind="value", misconception="rate_zero_too_early")
def zero_at_the_last(step, steps, warm_up_steps, highest):
    """Wastes the last step."""
    if step < warm_up_steps:
        return highest * (step + 1) / warm_up_steps
    return highest * (steps - 1 - step) / (steps - warm_up_steps)


@wrong(fails_case=6, kind="value", misconception="rate_cosine")
def cosine(step, steps, warm_up_steps, highest):
    """Falls along a cosine."""
    if step < warm_up_steps:
        return highest * (step + 1) / warm_up_steps
    return highest * (1 + math.cos(math.pi * (step - warm_up_steps) / (steps - warm_up_steps))) / 2


@wrong(fails_case=1, kind="value", misconception="rate_without_highest")
def share(step, steps, warm_up_steps, highest):
    """Returns the share."""
    if step < warm_up_steps:
        return (step + 1) / warm_up_steps
    return (steps - step) / (steps - warm_up_steps)


@wrong(fails_case=1, kind="value", misconception="rate_rises_over_all_steps")
def too_flat(step, steps, warm_up_steps, highest):
    """Rises as if warm-up took all steps."""
    if step < warm_up_steps:
        return highest * (step + 1) / steps
    return highest * (steps - step) / (steps - warm_up_steps)


@wrong(fails_case=3, kind="value", misconception="rate_smaller_of_both")
def smaller_of_both(step, steps, warm_up_steps, highest):
    """Takes the smaller of two lines."""
    warm = (step + 1) / warm_up_steps if warm_up_steps else 1
    return highest * min(warm, (steps - step) / steps)


@wrong(fails_case=7, kind="raised", misconception="raised:division by zero")
def divides_by_zero(step, steps, warm_up_steps, highest):
    """Divides by warm_up_steps, even where it is 0."""
    warm = highest * (step + 1) / warm_up_steps
    return min(warm, highest * (steps - step) / (steps - warm_up_steps))
