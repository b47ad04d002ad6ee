"""Wrong solutions of `perplexity`, each with the case that must find it."""

import math

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="perplexity_of_means")
def each_batch_alike(losses, counts):
    """Averages over batches."""
    return math.exp(sum(losses) / len(losses))


@wrong(fails_case=1, kind="value", misconception="perplexity_not_exponentiated")
def mean_loss(losses, counts):
    """Returns the mean loss."""
    return sum(loss * n for loss, n in zip(losses, counts)) / sum(counts)


@wrong(fails_case=1, kind="value", misconception="perplexity_base_2")
def power_of_2(losses, counts):
    """Takes the loss for bits."""
    return 2 ** (sum(loss * n for loss, n in zip(losses, counts)) / sum(counts))


@wrong(fails_case=1, kind="value", misconception="perplexity_mean_of_perplexities")
def averages_perplexities(losses, counts):
    """Averages the perplexities of batches."""
    return sum(math.exp(loss) for loss in losses) / len(losses)


@wrong(fails_case=1, kind="value", misconception="perplexity_weighted_perplexities")
def weighs_perplexities(losses, counts):
    """Averages perplexities over tokens."""
    return sum(n * math.exp(loss) for loss, n in zip(losses, counts)) / sum(counts)


@wrong(fails_case=1, kind="value", misconception="perplexity_inverted")
def inverse(losses, counts):
    """Returns the probability in place of its inverse."""
    return math.exp(-sum(loss * n for loss, n in zip(losses, counts)) / sum(counts))


@wrong(fails_case=1, kind="value", misconception="perplexity_of_the_last")
def last_batch(losses, counts):
    """Looks at the last batch only."""
    return math.exp(losses[-1])


@wrong(fails_case=1, kind="value", misconception="perplexity_of_the_lowest")
def best_batch(losses, counts):
    """Looks at the best batch only."""
    return math.exp(min(losses))


@wrong(fails_case=1, kind="value", misconception="perplexity_by_tokens_only")
def means_by_tokens(losses, counts):
    """Divides a sum of means by the number of tokens."""
    return math.exp(sum(losses) / sum(counts))


@wrong(fails_case=1, kind="value", misconception="perplexity_per_batch")
def sums_by_batches(losses, counts):
    """Divides the sum of losses by the number of batches."""
    return math.exp(min(sum(loss * n for loss, n in zip(losses, counts)) / len(counts), 700.0))
