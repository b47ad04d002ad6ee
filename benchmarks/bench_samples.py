"""Samples that a verdict takes, beside StochasticGrade: a section of BENCHMARKS.md.

    python benchmarks/bench_samples.py [--write]

Two problems of StochasticGrade's own repository, with the mistakes that it has for them, and one of
ours; each program returns one random value. Both ways get the same bounds: an honest program is
refused with probability ALPHA at most, each mistake accepted with BETA at most. Both are planned
for the closest of a problem's mistakes, and both are then measured with new random numbers.

The comparison is not one of equals. We know the law of a correct program exactly. StochasticGrade
gets samples of one, and so it grades programs whose law nobody knows, after hundreds of millions of
samples to find its thresholds. The law gives us exact tests at any rate, plans that are computed,
and values that a correct program cannot return. It is not what saves most samples: that is the
first look of `autograder.checking.distribution`, which accepts early where StochasticGrade refuses
early. Our test is that module's, and `support.power` plans it, as for the exercises.
`stochasticgrade.py` says what is as in StochasticGrade's code, and what is not.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from commands import put_section, table
from random_programs import PROBLEMS, Problem, moved_by
from stochasticgrade import (
    MIN_N,
    SETS,
    Counts,
    Floats,
    Rate,
    StochasticGrade,
    Verdicts,
    sizes_up_to,
)

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.power import chance, critical  # noqa: E402

from autograder.checking import distribution  # noqa: E402

PAPER = "https://educationaldatamining.org/edm2024/proceedings/2024.EDM-long-papers.4/"
HONEST = "honest"
TITLE = "## Samples, compared with StochasticGrade"
SEED = 20261130
ALPHA, BETA = 1e-3, 1e-2
OUR_BETA = 1e-6  # of the exercises, docs/checking.md
HONEST_RUNS, RUNS = 50_000, 10_000
LARGEST = 20_000  # `max_n` of StochasticGrade


# --- our way --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ours:
    """The two looks of one case: `first` samples at the rate DOUBT, all of them at alpha."""

    right: Floats
    first: int
    tokens: int
    alpha: float

    @classmethod
    def planned(cls, problem: Problem, alpha: float, beta: float) -> Ours:
        """The fewest samples for which each look accepts each mistake at half of beta at most."""

        def fewest(rate: float) -> int:
            def enough(size: int) -> bool:
                wrong = problem.wrong.values()
                return all(chance(problem.right, law, size, rate) <= beta / 2 for law in wrong)

            low, high = 0, 1
            while not enough(high):
                low, high = high, 2 * high
            while high > low + 1:
                middle = (low + high) // 2
                low, high = (low, middle) if enough(middle) else (middle, high)
            return high

        return cls(problem.right, fewest(distribution.DOUBT), fewest(alpha), alpha)

    @property
    def expected(self) -> float:
        """Samples of an honest program, at most."""
        return self.first + distribution.DOUBT * (self.tokens - self.first)

    @cached_property
    def starts(self) -> Floats:
        """The least place of each value: the place is linear in u."""
        size = len(self.right)
        each = np.broadcast_to(self.right, (size, size))
        return distribution.transform(each, np.arange(size), 0.0)

    def near(self, samples: Counts, rate: float, rng: np.random.Generator) -> bool:
        """Tell whether the samples, numbers of values, pass the test at this rate."""
        places = self.starts[samples] + rng.random(len(samples)) * self.right[samples]
        return distribution.distance(places.tolist())[0] < critical(len(samples), rate)

    def grade(self, law: Floats, runs: int, rng: np.random.Generator) -> Verdicts:
        """Grade a program that samples from `law`, `runs` times."""
        samples, accepted = np.full(runs, self.first), np.zeros(runs, dtype=bool)
        forbidden = self.right == 0
        for run in range(runs):
            own = rng.choice(len(law), self.first, p=law)
            if forbidden[own].any():
                continue
            if self.near(own, distribution.DOUBT, rng):
                accepted[run] = True
                continue
            samples[run] = self.tokens
            more = rng.choice(len(law), self.tokens - self.first, p=law)
            own = np.concatenate([own, more])
            accepted[run] = not forbidden[more].any() and self.near(own, self.alpha, rng)
        return Verdicts(samples, accepted)


# --- the comparison -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compared:
    """Both ways on one problem.

    found: verdicts by program; HONEST is the right one. alone: the expected samples of a correct
    program where both are planned for this mistake only.
    """

    problem: Problem
    ours: Ours
    scorer: str
    max_n: int
    found: dict[str, tuple[Verdicts, Verdicts]] = field(default_factory=dict)
    alone: dict[str, tuple[float, int]] = field(default_factory=dict)

    def mean(self, way: int, name: str | None = None) -> float:
        """The average number of samples of a program, or of all mistakes alike."""
        names = [name] if name else list(self.problem.wrong)
        return float(np.mean([self.found[n][way].samples.mean() for n in names]))

    def false(self, way: int, name: str) -> Rate:
        """The share of wrong verdicts on a program."""
        accepted = self.found[name][way].accepted
        return Rate(int((~accepted if name == HONEST else accepted).sum()), len(accepted))

    @property
    def even(self) -> float | None:
        """The share of programs with mistakes from which StochasticGrade needs fewer samples."""
        saved = self.mean(1, HONEST) - self.mean(0, HONEST)
        lost = self.mean(0) - self.mean(1)
        return saved / (saved + lost) if saved > 0 and lost > 0 else None


def compare(
    problem: Problem, honest_runs: int = HONEST_RUNS, runs: int = RUNS, sets: int = SETS
) -> Compared:
    """Plan both ways for ALPHA and BETA, and measure them."""
    grader = StochasticGrade(
        problem.values, problem.right, ALPHA, SEED, sets=sets, scorers=problem.scorers
    )

    def best(wrong: Mapping[str, Floats]) -> tuple[int, str]:
        """The smallest last size of StochasticGrade, and its scorer."""
        sizes = {
            n: grader.choose_n(n, wrong.values(), BETA, runs, LARGEST) for n in problem.scorers
        }
        return min((size, name) for name, size in sizes.items() if size is not None)

    max_n, scorer = best(problem.wrong)
    compared = Compared(problem, Ours.planned(problem, ALPHA, BETA), scorer, max_n)
    programs = {HONEST: (problem.right, honest_runs)}
    programs |= {name: (law, runs) for name, law in problem.wrong.items()}
    for number, (name, (law, times)) in enumerate(programs.items()):
        first, second = (np.random.default_rng([SEED, number, way]) for way in (0, 1))
        compared.found[name] = (
            compared.ours.grade(law, times, first),
            grader.grade(scorer, max_n, law, times, second),
        )
    for name, law in problem.wrong.items():
        one = replace(problem, wrong={name: law})
        compared.alone[name] = Ours.planned(one, ALPHA, BETA).expected, best(one.wrong)[0]
    return compared


# --- the section ----------------------------------------------------------------------------------


def table_of(compared: Compared) -> str:
    """One problem: its programs, the table, and both plans."""
    problem, ours = compared.problem, compared.ours
    strict = Ours.planned(problem, distribution.ALPHA, OUR_BETA)
    rows = []
    for name in compared.found:
        row = ["**correct**" if name == HONEST else name]
        row.append(f"{moved_by(problem.right, problem.wrong.get(name, problem.right)):.2f}")
        for way in (0, 1):
            row += [f"{compared.mean(way, name):,.0f}", str(compared.false(way, name))]
        rows.append([*row, *(f"{samples:,.0f}" for samples in compared.alone.get(name, ()))])
    means = [f"{compared.mean(way):,.0f}" for way in (0, 1)]
    rows[0] += ["", ""]
    rows.append(["all mistakes alike", "", means[0], "", means[1], "", "", ""])
    head = ["program", "moved", "samples, ours", "wrong verdicts, %", "samples, StochasticGrade"]
    head += ["wrong verdicts, %", "alone: ours", "alone: StochasticGrade"]
    sizes = ", ".join(f"{size:,}" for size in sizes_up_to(compared.max_n))
    plans = (
        f"Ours: {ours.first:,} samples at first, {ours.tokens:,} in all. StochasticGrade: "
        f"{compared.scorer}, sizes {sizes}. "
    )
    if compared.even is not None:
        plans += (
            "StochasticGrade needs fewer on average where more than "
            f"{100 * compared.even:.0f} % of the programs have these mistakes. "
        )
    plans += (
        f"At the rates of the exercises, ours would take {strict.first:,} or {strict.tokens:,}: "
        f"{strict.expected:,.0f} for a correct program (computed)."
    )
    return (
        f"### {problem.name}\n\n{wrapped(problem.about)}\n\n{table(head, rows)}\n{wrapped(plans)}"
    )


def wrapped(text: str) -> str:
    """A paragraph in lines of the page's width."""
    return textwrap.fill(text, 140, break_long_words=False, break_on_hyphens=False)


def section(found: list[Compared], minutes: float) -> str:
    """The section of BENCHMARKS.md."""
    looks = max(len(sizes_up_to(c.max_n)) for c in found)
    about = f"""\
The number of samples that a verdict takes, for a program that returns one random value: `python
benchmarks/bench_samples.py --write`, seed {SEED}, {minutes:.0f} minutes of computing.
StochasticGrade ([Kim, Geathers and Piech, EDM 2024]({PAPER})) needs no law, only samples of a
correct program, which are not counted here. Its decision is written anew;
`benchmarks/stochasticgrade.py` has the parameters and the differences from its code: thresholds
from {SETS:,} sample sets of the solution, not 1,000; a first size of {MIN_N}, not 400; the
smallest last size that suffices. Ours is the test of the exercises, which knows the law of a
correct program."""
    bounds = f"""\
Both have the same bounds: at most {100 * ALPHA:g} % of correct programs refused, and at most
{100 * BETA:g} % of the programs with each mistake accepted, planned for all mistakes of a
problem together. Wrong verdicts are measured in {HONEST_RUNS:,} runs of the correct program and
{RUNS:,} of each mistake, with limits of 95 % confidence. Ours is planned by computed bounds and
errs less than it may. *Moved*: the probability that the mistake puts on other values. *Alone*:
the samples for a correct program if both are planned for this mistake only. StochasticGrade has
the scorer that needs the fewest, of those that its documentation suggests for such a problem."""
    reasons = f"""\
StochasticGrade accepts a program only after its last size; ours accepts most after a lenient
first look. Ours refuses a wrong distribution only after all samples; StochasticGrade refuses a
gross mistake after few. What the law gives us: exact rates of any size, and values that a
correct program cannot return, which are refused at once. The exercises allow a test to refuse a
correct solution with a chance of {distribution.ALPHA:.1e}; for that, StochasticGrade's
thresholds would need {2**looks / distribution.ALPHA / 1e9:.0f} billion sample sets of the
solution."""
    parts = [TITLE, wrapped(about), wrapped(bounds), *map(table_of, found), "### Both ways"]
    return "\n\n".join([*parts, wrapped(summary(found)), wrapped(reasons)]) + "\n"


def summary(found: list[Compared]) -> str:
    """The ratios of samples, and how often either way needs fewer."""

    def ratios(samples: Callable[[Compared], float]) -> str:
        return ", ".join(f"{samples(c):.2f} (`{c.problem.name}`)" for c in found)

    pairs = [(name, pair) for c in found for name, pair in c.alone.items()]
    more = [name for name, (ours, theirs) in pairs if ours >= theirs]
    fewer = f"{len(pairs) - len(more)} of the {len(pairs)} mistakes"
    return (
        "Our samples divided by those of StochasticGrade, for a correct program: "
        f"{ratios(lambda c: c.mean(0, HONEST) / c.mean(1, HONEST))}; without our first look they "
        f"would be {ratios(lambda c: c.ours.tokens / c.mean(1, HONEST))}. For the mistakes alike: "
        f"{ratios(lambda c: c.mean(0) / c.mean(1))}. Planned for one mistake only, ours needs "
        f"fewer samples for a correct program with {fewer}"
        + (f"; not with {', '.join(more)}." if more else ".")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md")
    options = parser.parse_args()
    began, found = time.process_time(), list[Compared]()
    for problem in PROBLEMS:
        found.append(compare(problem()))
        print(table_of(found[-1]), flush=True)
    page = section(found, (time.process_time() - began) / 60)
    print(f"\n{page}")
    if options.write:
        put_section(ROOT / "BENCHMARKS.md", page)


if __name__ == "__main__":
    main()
