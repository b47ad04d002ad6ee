"""What a student's feedback page says before the notebook: points, what went well, what to do next.

Made from an autograded notebook after nbgrader's GetGrades: outcomes stand in the outputs of test
cells, points and comments in the cells' metadata. The template `templates/kischule` lays it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.checking import messages as feedback
from autograder.checking.result import OUTCOME_MIME
from autograder.exercises.exercise import Exercise, load_exercise
from autograder.feedback import svg
from autograder.grading.outputs import harmless_markdown
from autograder.notebooks.cells import exercise_of, nbgrader_of

TEMPLATES = Path(__file__).parent / "templates"
STYLE = TEMPLATES / "page.css"
NEXT = 3  # steps that are proposed at a time


@dataclass(frozen=True)
class Level:
    """What the examples, or the new cases, came to."""

    name: str
    passed: bool | None
    points: float
    max_points: float
    message: str
    picture: str = ""  # SVG


@dataclass(frozen=True)
class Item:
    """One exercise, or one answer that a teacher reads."""

    id: str
    title: str
    anchor: str  # of its cell on the page
    state: str  # a key of feedback.PAGE
    points: float
    max_points: float
    bonus: bool = False
    levels: tuple[Level, ...] = ()
    comment: str = ""
    advice: str = ""  # the first thing that failed, or its hint


@dataclass(frozen=True)
class Page:
    language: str
    title: str
    student: str
    points: str
    remarks: tuple[str, ...]  # below the points
    well: str
    solved: tuple[Item, ...]
    next: tuple[Item, ...]
    exercises: tuple[Item, ...]
    answers: tuple[Item, ...]
    words: Mapping[str, str] = field(repr=False)
    style: str = field(repr=False)  # CSS


def page(
    notebook: Any,
    name: str,
    student: str,
    points: float,
    max_points: float,
    penalty: float,
    language: str,
) -> Page:
    """name: of the notebook. points: in all, the penalty for lateness taken off. language: de | en.

    Raises ValueError for another language.
    """
    if language not in ("de", "en"):
        raise ValueError(f"language must be de or en, was: {language!r}")
    exercises, answers = _exercises(notebook, language), _answers(notebook, language)
    solved = tuple(item for item in exercises if item.state == "solved")
    required = [item for item in exercises if not item.bonus]
    return Page(
        language,
        feedback.page_word("title", language, a=name),
        student,
        feedback.page_word("points", language, a=points, e=max_points),
        tuple(_remarks(exercises, answers, penalty, language)),
        _well(solved, required, exercises, language),
        solved,
        _next(exercises),
        exercises,
        answers,
        {key: getattr(words, language) for key, words in feedback.PAGE.items()},
        STYLE.read_text(encoding="utf-8"),
    )


def _remarks(
    exercises: Sequence[Item], answers: Sequence[Item], penalty: float, language: str
) -> list[str]:
    bonus = sum(item.points for item in exercises if item.bonus)
    waiting = sum(item.max_points for item in answers if item.state == "waits")
    remarks = [("bonus", bonus), ("late", penalty), ("waiting", waiting)]
    return [feedback.page_word(key, language, a=value) for key, value in remarks if value]


def _well(
    solved: Sequence[Item], required: Sequence[Item], all_: Sequence[Item], language: str
) -> str:
    if not solved:
        return feedback.page_word("none_well", language)
    if all(item.state == "solved" for item in required):
        return feedback.page_word("all_well", language, a=len(required))
    return feedback.page_word("some_well", language, a=len(solved), e=len(all_))


def _next(exercises: Sequence[Item]) -> tuple[Item, ...]:
    """The first exercises that are open and do not wait for another one, the bonus last."""
    states = {item.id: item.state for item in exercises}
    ready = [
        item
        for item in exercises
        if item.state in ("partly", "open")
        and all(states.get(need) == "solved" for need in load_exercise(item.id).needs)
    ]
    return tuple(sorted(ready, key=lambda item: item.bonus)[:NEXT])


# --- exercises ------------------------------------------------------------------------------------


def _exercises(notebook: Any, language: str) -> tuple[Item, ...]:
    cells: dict[str, list[Any]] = {}
    for cell in notebook.cells:
        name, level = exercise_of(cell)
        if level:
            cells.setdefault(name, []).append(cell)
    comments = _comments(notebook)
    return tuple(
        _item(load_exercise(name), found, comments.get(name, ""), language)
        for name, found in cells.items()
    )


def _comments(notebook: Any) -> dict[str, str]:
    """A teacher's comments by the grade_id of the answer, which is the exercise's name."""
    found = {}
    for cell in notebook.cells:
        metadata = nbgrader_of(cell)
        if metadata.get("solution") and metadata.get("comment"):
            found[str(metadata["grade_id"])] = harmless_markdown(str(metadata["comment"]))
    return found


def _item(exercise: Exercise, cells: Sequence[Any], comment: str, language: str) -> Item:
    levels = tuple(_level(exercise, cell, language) for cell in cells)
    failed = [level for level in levels if level.passed is False]
    if all(level.passed for level in levels):
        state = "solved"
    elif not failed:
        state = "skipped"
    else:
        state = "partly" if any(level.passed for level in levels) else "open"
    advice = failed[0].message if failed else ""
    if failed and levels[0].passed:
        advice = feedback.page_word("half", language) + "\n" + advice
    return Item(
        exercise.id,
        getattr(exercise.title, language),
        f"cell-{exercise.id}",
        state,
        sum(level.points for level in levels),
        sum(level.max_points for level in levels),
        exercise.bonus,
        levels,
        comment,
        advice,
    )


def _level(exercise: Exercise, cell: Any, language: str) -> Level:
    _, level = exercise_of(cell)
    metadata = nbgrader_of(cell)
    points = float(metadata.get("score") or 0)
    name = getattr(feedback.UI[level], language)
    outcome = _outcome(cell)
    if outcome is None:
        message = "\n".join(o.evalue for o in cell.get("outputs", []) if o.output_type == "error")
        return Level(name, False, points, exercise.points(level == "drawn"), message)
    return Level(
        name,
        outcome["passed"],
        points,
        float(outcome["max_points"]),
        _without_name(str(outcome["message"][language])),
        _picture(outcome.get("chart"), language),
    )


def _outcome(cell: Any) -> Mapping[str, Any] | None:
    for output in cell.get("outputs", []):
        outcome = output.get("data", {}).get(OUTCOME_MIME)
        if isinstance(outcome, Mapping):
            return outcome
    return None


def _without_name(message: str) -> str:
    """The heading names the exercise already."""
    first, colon, rest = message.partition(": ")
    return rest if colon and first.isidentifier() else message


def _picture(chart: Mapping[str, Any] | None, language: str) -> str:
    if not chart:
        return ""
    words = {
        k: feedback.page_word(k, language) for k in ("right", "yours", "cut", "sampled", "token")
    }
    what = words["sampled" if chart["sampled"] else "cut"]
    pairs = zip(chart["labels"], chart["expected"], chart["actual"], strict=True)
    shares = "; ".join(
        f"{words['token']} {label}: {words['right']} {e:.0%}, {words['yours']} {a:.0%}"
        for label, e, a in pairs
    )
    return svg.paired_bars(
        [
            f"{label} ({feedback.page_word('forbidden', language)})" if not e else label
            for label, e in zip(chart["labels"], chart["expected"], strict=True)
        ],
        (words["right"], chart["expected"]),
        (words["yours"], chart["actual"]),
        what,
        f"{what}. {shares}.",
    )


# --- answers that a teacher reads -----------------------------------------------------------------


def _answers(notebook: Any, language: str) -> tuple[Item, ...]:
    items, heading = [], ""
    for cell in notebook.cells:
        metadata = nbgrader_of(cell)
        if cell.cell_type == "markdown" and not metadata.get("solution"):
            heading = next(
                (_plain(li) for li in cell.source.splitlines() if li.startswith("#")), heading
            )
        if metadata.get("grade") and metadata.get("solution"):
            name = str(metadata["grade_id"])
            waits = metadata.get("score") is None or metadata.get("waits", False)
            items.append(
                Item(
                    name,
                    heading or name,
                    f"cell-{name}",
                    "waits" if waits else "read",
                    float(metadata.get("score") or 0),
                    float(metadata.get("points") or 0),
                    comment=harmless_markdown(str(metadata.get("comment") or "")),
                )
            )
    return tuple(items)


def _plain(heading: str) -> str:
    return heading.lstrip("#").strip()
