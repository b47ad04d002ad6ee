"""StochasticGrade's way to decide, written anew: `bench_samples.py` compares ours with it.

Y. Kim, J. Geathers and C. Piech, "Grading and Clustering Student Programs That Produce
Probabilistic Output", EDM 2024; code: github.com/yunsungkim0908/stochasticgrade. Followed is the
code: `stochastic_grade.py` of its commit 2e3d4f7, `preprocess.py` of 70bc907, `choose_n.py` of
0e0ea5c, and `score.py` of a53a6e1.

* Samples are taken at growing sizes: `min_n`, each `n_scale_factor` = 4 times the one before, and
  `max_n` at last. A program is refused at the first size whose score is too high, and accepted only
  after the last.
* A score compares the program's samples with 500,000 of the solution, kept for all programs. All
  four scorers are here: Anderson-Darling (the default), Wasserstein, MSD and T.
* At size i of L (i = 0 .. L - 1) a score is too high beyond the quantile for the false rejection
  rate alpha / 2^(L - i), or alpha itself if L = 1. The quantile is that of the scores of M sample
  sets of the solution, the one at place floor(M * rate) from above.
* `max_n` is the smallest that accepts a mistake at a stated rate at most.

Done otherwise, so that the rates are what they claim to be and no sample is wasted:

* All scorers get this quantile. That `score.py` has a table for Anderson-Darling, whose smallest
  rate is 5e-5, and Student's distribution for T, at the stated rate on each of two sides.
* A score equal to the quantile is accepted; its code refuses it. Where samples have few values,
  many scores are equal, and more honest programs than stated would be refused.
* M is 100,000; its default of 1,000 cannot show a rate of 1e-3 / 2^L. Each size has its own sets.
* `min_n` is 25, not 400: a gross mistake is refused sooner.
* `choose_n.py` doubles `max_n` and tries it as a single size, for the closest mistake alone. Here
  all mistakes are tried with all sizes, the last doubling is halved until 3 % are left, and not the
  share of accepted mistakes has to be small enough but its upper limit of confidence (95 %).

Left out: projections of arrays, test suites, clusters, and everything about running programs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.power import between

Floats = np.ndarray[Any, np.dtype[np.float64]]
Counts = np.ndarray[Any, np.dtype[np.int64]]
# (sample counts (..., V), solution's counts (V,), values (V,)) -> (...)
Scorer = Callable[[Counts, Counts, Floats], Floats]

SOLUTION_SAMPLES, SETS, MIN_N, SCALE_FACTOR = 500_000, 100_000, 25, 4
TAIL = 0.025  # on each side of limits of confidence
CHUNK = 5_000  # sample sets at once
NEAR_ENOUGH = 1.03  # of the smallest `max_n`


# --- scorers --------------------------------------------------------------------------------------


def anderson_darling(counts: Counts) -> Floats:  # (..., k, V) -> (...)
    """The k-sample statistic with midranks, for ties.

    F. W. Scholz and M. A. Stephens, "K-Sample Anderson-Darling Tests", JASA 82 (1987), equation 7.
    Not standardised: for the same sizes that changes no order.
    """
    pooled = counts.sum(axis=-2)
    sizes, total = counts.sum(axis=-1), pooled.sum(axis=-1)[..., None]
    ahead = np.cumsum(pooled, axis=-1) - pooled / 2
    spread = ahead * (total - ahead) - total * pooled / 4
    weights = np.divide(pooled / total, spread, out=np.zeros(spread.shape), where=pooled > 0)
    statistic = np.zeros(total.shape[:-1])
    for i in range(counts.shape[-2]):
        own, size = counts[..., i, :], sizes[..., i, None]
        apart = total * (np.cumsum(own, axis=-1) - own / 2) - size * ahead
        statistic += (weights * apart**2).sum(axis=-1) / size[..., 0]
    return statistic * (total[..., 0] - 1) / total[..., 0]


def _anderson_darling(counts: Counts, solution: Counts, values: Floats) -> Floats:
    both = np.stack([counts, np.broadcast_to(solution, counts.shape)], axis=-2)
    return anderson_darling(both.astype(np.float64))


def _wasserstein(counts: Counts, solution: Counts, values: Floats) -> Floats:
    shares = counts / counts.sum(axis=-1, keepdims=True) - solution / solution.sum()
    return (np.abs(np.cumsum(shares, axis=-1)[..., :-1]) * np.diff(values)).sum(axis=-1)


def _moments(counts: Counts, values: Floats) -> tuple[Floats, Floats, Floats]:
    """Size, mean, and variance (divided by the size)."""
    size = counts.sum(axis=-1)
    mean = (counts * values).sum(axis=-1) / size
    return size, mean, (counts * values**2).sum(axis=-1) / size - mean**2


def _msd(counts: Counts, solution: Counts, values: Floats) -> Floats:
    (_, mean, spread), (_, right, width) = _moments(counts, values), _moments(solution, values)
    return np.abs((mean - right) ** 2 + spread - width)


def _t(counts: Counts, solution: Counts, values: Floats) -> Floats:
    (n, mean, spread), (m, right, width) = _moments(counts, values), _moments(solution, values)
    pooled = (n * spread + m * width) / (n + m - 2)
    return np.abs(mean - right) / np.sqrt(pooled * (1 / n + 1 / m))


SCORERS: dict[str, Scorer] = {
    "Anderson-Darling": _anderson_darling,
    "Wasserstein": _wasserstein,
    "MSD": _msd,
    "T": _t,
}


# --- rates ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rate:
    """A share of runs, with exact limits of 95 % confidence (Clopper and Pearson 1934)."""

    count: int
    runs: int

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the largest rate that the count allows."""
        return (
            _solve(lambda q: between(self.runs, q, self.count, self.runs) < TAIL),
            _solve(lambda q: between(self.runs, q, 0, self.count) > TAIL),
        )

    def __str__(self) -> str:
        low, high = (100 * limit for limit in self.limits)
        return f"{100 * self.count / self.runs:.2f} ({low:.2f}–{high:.2f})"


def _solve(holds: Callable[[float], bool]) -> float:
    """The largest q in [0, 1] for which a condition holds that holds below it, too."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return (low + high) / 2


# --- the decision ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdicts:
    """The outcome of many runs: the samples of each, and whether it was accepted; both (runs,)."""

    samples: Counts
    accepted: np.ndarray[Any, np.dtype[np.bool_]]


class StochasticGrade:
    """Grader of one problem, for a false rejection rate of alpha, as described above.

    values: (V,), ascending. law: (V,), of the solution; only samples are taken from it.
    """

    def __init__(
        self,
        values: Floats,
        law: Floats,
        alpha: float,
        seed: int,
        sets: int = SETS,
        scorers: Iterable[str] = tuple(SCORERS),
    ) -> None:
        self.values, self.law, self.alpha, self.seed, self.sets = values, law, alpha, seed, sets
        self.scorers = tuple(scorers)
        self.solution: Counts = self._generator(0).multinomial(SOLUTION_SAMPLES, law)
        self._scores: dict[int, dict[str, Floats]] = {}

    def _generator(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, purpose])

    def score(self, scorer: str, counts: Counts) -> Floats:  # (runs, V) -> (runs,)
        """The scores of samples, rounded so that equal samples have equal ones."""
        return np.round(SCORERS[scorer](counts, self.solution, self.values), 9)

    def quantile(self, scorer: str, size: int, rate: float) -> float:
        """The score that the solution's own samples of this size exceed at this rate."""
        if size not in self._scores:
            rng, found = self._generator(size), {n: list[Floats]() for n in self.scorers}
            for counts in _in_chunks(rng, self.law, size, self.sets):
                for name, scores in found.items():
                    scores.append(self.score(name, counts))
            self._scores[size] = {
                name: np.sort(np.concatenate(scores))[::-1] for name, scores in found.items()
            }
        return float(self._scores[size][scorer][int(self.sets * rate)])

    def grade(
        self, scorer: str, max_n: int, law: Floats, runs: int, rng: np.random.Generator
    ) -> Verdicts:
        """Grade a program that samples from `law`, `runs` times."""
        sizes = sizes_up_to(max_n)
        halvings = range(len(sizes), 0, -1) if len(sizes) > 1 else (0,)
        limits = [
            self.quantile(scorer, size, self.alpha / 2**k)
            for size, k in zip(sizes, halvings, strict=True)
        ]
        counts = np.zeros((runs, len(law)), dtype=np.int64)
        samples, going = np.full(runs, max_n), np.arange(runs)
        before = 0
        for size, limit in zip(sizes, limits, strict=True):
            counts = counts + rng.multinomial(size - before, law, len(going))
            refused = self.score(scorer, counts) > limit
            samples[going[refused]] = size
            going, counts, before = going[~refused], counts[~refused], size
        accepted = np.zeros(runs, dtype=bool)
        accepted[going] = True
        return Verdicts(samples, accepted)

    def choose_n(
        self, scorer: str, mistakes: Iterable[Floats], beta: float, runs: int, largest: int
    ) -> int | None:
        """The smallest `max_n` that accepts each mistake at a rate of beta at most.

        None if even the largest does not.
        """
        wrong = list(mistakes)

        def enough(size: int) -> bool:
            rng = self._generator(1)
            verdicts = (self.grade(scorer, size, law, runs, rng) for law in wrong)
            return all(Rate(int(v.accepted.sum()), runs).limits[1] <= beta for v in verdicts)

        low, high = 0, MIN_N
        while not enough(high):
            low, high = high, 2 * high
            if low >= largest:
                return None
        while high > NEAR_ENOUGH * low and high > low + 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        return high


def sizes_up_to(max_n: int) -> list[int]:
    """The sizes at which a program is looked at."""
    sizes, size = [], MIN_N
    while size < max_n:
        sizes.append(size)
        size *= SCALE_FACTOR
    return [*sizes, max_n]


def _in_chunks(rng: np.random.Generator, law: Floats, size: int, sets: int) -> Iterable[Counts]:
    for begin in range(0, sets, CHUNK):
        yield rng.multinomial(size, law, min(CHUNK, sets - begin))
