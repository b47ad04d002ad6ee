"""Wrong solutions of `best_epoch`, each with the case that must find it."""

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="best_without_patience")
def ignores_patience(validation_losses, patience):
    """Looks at all epochs, also at those that are never trained."""
    best, lowest = 1, float("inf")
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss < lowest:
            best, lowest = epoch, loss
        elif False:
            break
    return best


@wrong(fails_case=1, kind="value", misconception="best_counted_from_zero")
def from_zero(validation_losses, patience):
    """Counts from 0."""
    best, lowest = 1, float("inf")
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss < lowest:
            best, lowest = epoch, loss
        elif epoch - best == patience:
            break
    return best - 1


@wrong(fails_case=1, kind="value", misconception="best_is_the_last")
def last_epoch(validation_losses, patience):
    """Returns the last epoch."""
    best, lowest, epoch = 1, float("inf"), 0
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss < lowest:
            best, lowest = epoch, loss
        elif epoch - best == patience:
            break
    return epoch


@wrong(fails_case=1, kind="value", misconception="best_with_less_patience")
def impatient(validation_losses, patience):
    """Stops an epoch too early."""
    best, lowest = 1, float("inf")
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss < lowest:
            best, lowest = epoch, loss
        elif epoch - best == patience - 1:
            break
    return best


@wrong(fails_case=1, kind="value", misconception="best_with_more_patience")
def too_patient(validation_losses, patience):
    """Stops an epoch too late."""
    best, lowest = 1, float("inf")
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss < lowest:
            best, lowest = epoch, loss
        elif epoch - best > patience:
            break
    return best


@wrong(fails_case=1, kind="value", misconception="best_at_the_first_rise")
def first_rise(validation_losses, patience):
    """Stops at the first epoch that is not better."""
    best, lowest = 1, float("inf")
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss < lowest:
            best, lowest = epoch, loss
        elif epoch - best == 1:
            break
    return best


@wrong(fails_case=7, kind="value", misconception="best_of_equals_the_later")
def later_of_equals(validation_losses, patience):
    """Takes an equal loss for a better one."""
    best, lowest = 1, float("inf")
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss <= lowest:
            best, lowest = epoch, loss
        elif epoch - best == patience:
            break
    return best


@wrong(fails_case=1, kind="value", misconception="best_is_the_highest")
def highest(validation_losses, patience):
    """Takes the largest loss for the best."""
    best, highest = 1, -float("inf")
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss > highest:
            best, highest = epoch, loss
        elif epoch - best == patience:
            break
    return best


@wrong(fails_case=6, kind="value", misconception="best_counts_rises_in_all")
def in_all(validation_losses, patience):
    """Counts all epochs without a new best, not those in a row."""
    best, lowest, bad = 1, float("inf"), 0
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss < lowest:
            best, lowest = epoch, loss
        else:
            bad += 1
            if bad == patience:
                break
    return best


@wrong(fails_case=1, kind="value", misconception="best_against_the_epoch_before")
def against_the_one_before(validation_losses, patience):
    """Compares with the epoch before."""
    best, previous, bad = 1, float("inf"), 0
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss < previous:
            best, bad = epoch, 0
        else:
            bad += 1
            if bad == patience:
                break
        previous = loss
    return best


@wrong(fails_case=1, kind="type", misconception="type")
def loss_itself(validation_losses, patience):
    """Returns the loss in place of its epoch."""
    best, lowest = 1, float("inf")
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss < lowest:
            best, lowest = epoch, loss
        elif epoch - best == patience:
            break
    return float(lowest)
