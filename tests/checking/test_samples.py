"""Our test of sampled values beside StochasticGrade's, on a small scale.

`benchmarks/bench_samples.py` has the figures.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import bench_samples
import commands
import numpy as np
import pytest
import random_programs
from bench_samples import HONEST, Compared, Ours
from random_programs import Problem, beta_wins
from stochasticgrade import SCORERS, Rate, StochasticGrade, anderson_darling, sizes_up_to
from support.notebooks import ROOT

from autograder.checking import distribution

SEED = 20261130


@cache
def tokens() -> Problem:
    """The next token of the embedded model."""
    return random_programs.next_token()


@cache
def compared(mistake: str) -> Compared:
    problem = replace(tokens(), wrong={mistake: tokens().wrong[mistake]})
    return bench_samples.compare(problem, honest_runs=2_000, runs=1_000, sets=30_000)


def test_anderson_darling_is_the_published_statistic() -> None:
    """Scholz and Stephens 1987, section 7: smoothness of paper, four laboratories."""
    laboratories = (
        (38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0),
        (39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8),
        (34.0, 35.0, 39.0, 40.0, 43.0, 43.0, 44.0, 45.0),
        (34.0, 34.8, 34.8, 35.4, 37.2, 37.8, 41.2, 42.8),
    )
    values = sorted({value for own in laboratories for value in own})
    counts = np.array([[own.count(value) for value in values] for own in laboratories])
    assert anderson_darling(counts) == pytest.approx(8.3926, abs=5e-5)


def test_scores_of_two_values_by_hand() -> None:
    """Of one sample in four at 2, beside half of the solution's: 0 and 2 are the values."""
    counts, solution, values = np.array([3, 1]), np.array([50, 50]), np.array([0.0, 2.0])
    found = {name: scorer(counts, solution, values) for name, scorer in SCORERS.items()}
    assert found["Wasserstein"] == pytest.approx(0.5)  # a quarter, moved by 2
    assert found["MSD"] == pytest.approx(abs(0.25 + 0.75 - 1))
    pooled = (4 * 0.75 + 100 * 1) / 102
    assert found["T"] == pytest.approx(0.5 / math.sqrt(pooled * (1 / 4 + 1 / 100)))


def test_sizes_grow_up_to_the_last() -> None:
    assert sizes_up_to(25) == [25]
    assert sizes_up_to(100) == [25, 100]
    assert sizes_up_to(2_000) == [25, 100, 400, 1_600, 2_000]


def test_stochasticgrade_refuses_honest_ones_as_stated() -> None:
    """10,000 honest programs at a rate of 2e-2: two sizes have a quarter and a half of it.

    The union lies between 1e-2 and 1.5e-2. The bounds are 4.9 standard errors wider, those of the
    runs and of the 20,000 sample sets: this test itself fails by chance once in a million seeds,
    and its seed is fixed.
    """
    problem, runs, sets = tokens(), 10_000, 20_000
    grader = StochasticGrade(problem.values, problem.right, 2e-2, SEED, sets)
    rng = np.random.default_rng(SEED)
    verdicts = grader.grade("Anderson-Darling", 100, problem.right, runs, rng)
    refused = 1 - verdicts.accepted.mean()
    error = 4.9 * math.sqrt(1.5e-2 * (1 / runs + 1 / sets))
    assert 1e-2 - error < refused < 1.5e-2 + error
    assert (verdicts.samples[verdicts.accepted] == 100).all()


@pytest.mark.parametrize("scorer", SCORERS)
def test_stochasticgrade_refuses_a_gross_mistake_at_once(scorer: str) -> None:
    """Thompson sampling that always returns B: the samples are the same in each run."""
    problem = random_programs.thompson_sampling()
    grader = StochasticGrade(problem.values, problem.right, 1e-2, SEED, sets=10_000)
    law = problem.wrong["`ReturnB`"]
    verdicts = grader.grade(scorer, 400, law, 20, np.random.default_rng(SEED))
    assert not verdicts.accepted.any()
    assert (verdicts.samples == 25).all()


def test_beta_wins_with_its_exact_chance() -> None:
    assert beta_wins(1, 1, 1, 1) == pytest.approx(1 / 2)
    assert beta_wins(2, 1, 1, 1) == pytest.approx(2 / 3)  # E[X] against a uniform Y
    assert beta_wins(11, 16, 11, 21) + beta_wins(11, 21, 11, 16) == pytest.approx(1)
    rng = np.random.default_rng(SEED)
    wins = (rng.beta(11, 16, 100_000) > rng.beta(11, 21, 100_000)).mean()
    assert wins == pytest.approx(beta_wins(11, 16, 11, 21), abs=4.9 * 0.5 / math.sqrt(100_000))


def test_each_law_is_one() -> None:
    for make in random_programs.PROBLEMS:
        problem = make()
        for law in (problem.right, *problem.wrong.values()):
            assert law.shape == problem.values.shape
            assert law.min() >= 0
            assert law.sum() == pytest.approx(1)


@pytest.mark.parametrize("rate", [distribution.DOUBT, 1e-3])
def test_a_look_is_the_p_value_of_the_check(rate: float) -> None:
    problem = tokens()
    ours, law = Ours(problem.right, 30, 60, 1e-3), problem.wrong["evenly"]
    passed = []
    for run in range(100):
        samples = np.random.default_rng(run).choice(len(law), 60, p=law)
        u = np.random.default_rng(run).random(60)
        each = np.broadcast_to(problem.right, (60, len(law)))
        p = distribution.p_value(distribution.transform(each, samples, u).tolist())
        passed.append(ours.near(samples, rate, np.random.default_rng(run)))
        assert passed[-1] == (p >= rate)
    assert 0 < sum(passed) < 100


def test_a_forbidden_value_is_refused_at_once() -> None:
    problem = tokens()
    law = np.append(np.zeros(len(problem.right) - 1), 1.0)
    verdicts = Ours(problem.right, 30, 60, 1e-3).grade(law, 5, np.random.default_rng(SEED))
    assert not verdicts.accepted.any()
    assert (verdicts.samples == 30).all()


@pytest.mark.parametrize("mistake", ["without penalty", "evenly"])
def test_both_ways_stay_within_the_rates(mistake: str) -> None:
    """The exact 95 % limits of each measured rate allow the stated one.

    Seeds are fixed. With another one each comparison would fail by chance in at most 2.5 %.
    """
    for way in (0, 1):
        assert compared(mistake).false(way, HONEST).limits[0] < bench_samples.ALPHA
        assert compared(mistake).false(way, mistake).limits[0] < bench_samples.BETA


def test_ours_needs_fewer_samples_of_a_correct_program() -> None:
    found = compared("without penalty")
    ours, theirs = found.mean(0, HONEST), found.mean(1, HONEST)
    assert ours < 0.75 * theirs
    assert ours == pytest.approx(found.ours.expected, rel=0.05)
    text = bench_samples.table_of(found)
    assert f"| {ours:,.0f} |" in text
    assert f"| {theirs:,.0f} |" in text


def test_the_summary_names_where_ours_needs_more() -> None:
    found = [compared("without penalty"), compared("evenly")]
    assert found[1].mean(0, HONEST) > found[1].mean(1, HONEST)
    text = bench_samples.summary(found)
    assert "1 of the 2 mistakes; not with evenly." in text


def test_limits_of_confidence_are_exact() -> None:
    assert Rate(10, 100).limits == pytest.approx((0.0490, 0.1762), abs=5e-5)
    assert Rate(0, 50).limits == pytest.approx((0, 1 - 0.025 ** (1 / 50)), abs=1e-6)


def test_the_docs_quote_the_table() -> None:
    page = (ROOT / "BENCHMARKS.md").read_text(encoding="utf-8")
    section = page.split(bench_samples.TITLE)[1].split("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| **correct**")]
    text = (ROOT / "docs" / "checking.md").read_text(encoding="utf-8")
    quoted = re.findall(r"([\d,]*\d) against ([\d,]*\d)", text)
    assert [(row[4], row[2]) for row in rows] == quoted
    assert len(quoted) == len(random_programs.PROBLEMS)


def test_a_section_replaces_the_one_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("# Page\n\n## One\n\nold\n\n## Two\n\nkept\n", encoding="utf-8")
    commands.put_section(path, "## One\n\nnew\n")
    commands.put_section(path, "## Three\n\nmore\n")
    text = "# Page\n\n## One\n\nnew\n\n## Two\n\nkept\n\n## Three\n\nmore\n"
    assert path.read_text(encoding="utf-8") == text
