"""Hidden cases that a course makes once: the same law, chosen in secret, kept for its own rules."""

from __future__ import annotations

import json
import stat
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.checking.check import hidden_cases
from autograder.exercises.exercise import PACKAGED, Case, Exercise, Points
from autograder.grading import variants
from autograder.grading.variants import VARIANTS, Variants, shares_variants

OURS = Variants("s" * 64, "checks")
SHORT = PACKAGED["greedy_decode"]
SHORT = replace(SHORT, hidden=SHORT.hidden[:2], rounds=1)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The seeds of which cases are made."""
    seeds: list[str] = []

    def noted(exercise: Exercise, seed: str) -> list[Case]:
        seeds.append(seed)
        return list(hidden_cases(exercise, seed))

    monkeypatch.setattr(variants, "hidden_cases", noted)
    monkeypatch.setattr(variants, "_made", {})
    return seeds


def test_cases_that_cost_a_text_are_shared_and_chance_never() -> None:
    shared = {name for name, exercise in PACKAGED.items() if shares_variants(exercise)}
    assert shared == {"beam_search", "explore", "generate_text", "greedy_decode"}


def test_what_is_not_shared_depends_on_the_submission_alone() -> None:
    exercise = PACKAGED["sample_decode"]
    assert OURS.cases(exercise, "a submission") == hidden_cases(exercise, "a submission")


def test_a_variant_is_drawn_as_hidden_cases_are(made: list[str]) -> None:
    found = OURS.variant(SHORT, 7)
    (seed,) = made
    assert found == hidden_cases(SHORT, seed)
    assert found != OURS.variant(SHORT, 8)


def test_a_variant_is_made_once(made: list[str], tmp_path: Path) -> None:
    course = replace(OURS, folder=tmp_path)
    first = course.variant(SHORT, 7)
    assert course.variant(replace(SHORT, points=Points(1, 2)), 7) is first
    variants._made.clear()  # as another process
    assert course.variant(SHORT, 7) == first
    assert len(made) == 1


def test_a_file_is_read_for_its_own_rules_only(made: list[str], tmp_path: Path) -> None:
    course = replace(OURS, folder=tmp_path)
    first = course.variant(SHORT, 7)
    path = tmp_path / "greedy_decode" / "7.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    others = [
        (replace(course, secret="t" * 64), SHORT),
        (replace(course, checks="later"), SHORT),
        (course, replace(SHORT, hidden=SHORT.hidden[:1])),
    ]
    for number, (other, exercise) in enumerate(others, 2):
        other.variant(exercise, 7)
        assert len(made) == number
    assert made[0] != made[1]
    for damage in (b"", b"{", json.dumps({"key": 1, "cases": []}).encode()):
        path.write_bytes(damage)
        variants._made.clear()
        assert course.variant(SHORT, 7) == first


def test_without_its_folder_nothing_is_written(made: list[str], tmp_path: Path) -> None:
    """A worker on another machine does not have the course."""
    assert replace(OURS, folder=tmp_path / "gone").variant(SHORT, 7) == OURS.variant(SHORT, 7)
    assert list(tmp_path.iterdir()) == []


def test_a_submission_chooses_evenly_for_each_exercise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Variants, "variant", lambda self, exercise, number: (exercise.id, number))
    pairs: Counter[tuple[object, object]] = Counter()
    for number in range(32 * VARIANTS):
        seed = f"submission {number}"
        one, other = (OURS.cases(PACKAGED[n], seed)[1] for n in ("greedy_decode", "explore"))
        pairs[one, other] += 1
    for place in (0, 1):
        single = Counter[object]()
        for pair, count in pairs.items():
            single[pair[place]] += count
        assert set(single) == set(range(VARIANTS))
        assert sum((n - 32) ** 2 / 32 for n in single.values()) < 70  # 31 degrees: p = 1e-4
    # an exercise's variant says nothing of another's: 1,024 pairs, 1 each on average
    assert sum((n - 1) ** 2 for n in pairs.values()) + VARIANTS**2 - len(pairs) < 1_200
