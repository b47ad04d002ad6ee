"""Correct solutions of `learning_rate`, written differently from the reference."""

from autograder.exercises.known import correct


@correct()
def smaller_of_both(step, steps, warm_up_steps, highest):
    """Takes the smaller of the two lines, which meet at the end of warm-up."""
    rising = (step + 1) / warm_up_steps if warm_up_steps else 1.0
    falling = (steps - step) / (steps - warm_up_steps)
    return highest * min(rising, falling, 1.0)


@correct()
def interpolated(step, steps, warm_up_steps, highest):
    """Interpolates between the corners."""
    import numpy as np

    if step < warm_up_steps:
        return float(np.interp(step + 1, [0, warm_up_steps], [0, highest]))
    return float(np.interp(step, [warm_up_steps, steps], [highest, 0]))


@correct()
def stepwise(step, steps, warm_up_steps, highest):
    """Adds up the changes."""
    rate = 0.0 if warm_up_steps else highest
    for now in range(step + 1):
        if now < warm_up_steps:
            rate += highest / warm_up_steps
        elif now > warm_up_steps:
            rate -= highest / (steps - warm_up_steps)
    return rate
