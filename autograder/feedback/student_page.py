"""A student's feedback page, as data: points, what went well, what to do next, each exercise.

Made from the results of a record, and from the points and comments that nbgrader's GetGrades puts
into the cells of the autograded notebook. The template `templates/kischule` lays it out.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autograder.checking.messages import LEVELS, STATES
from autograder.checking.result import Chart, Line, Result, folded_steps
from autograder.exercises.exercise import Exercise, Level
from autograder.feedback import messages, svg
from autograder.grading.outputs import harmless_markdown
from autograder.notebooks.cells import (
    by_id,
    exercise_of,
    grade_id_of,
    is_graded,
    is_plain_test,
    is_solution,
    metadata_of,
    points_of,
)

TEMPLATES = Path(__file__).parent / "templates"
STYLE = TEMPLATES / "page.css"
NO_RESPONSE = "No response."  # nbgrader's own comment on an answer that is as it was released
MAX_NEXT = 3  # steps that are proposed at a time


@dataclass(frozen=True, kw_only=True)
class Part:
    """One level of an exercise on the page."""

    name: str
    passed: bool | None
    points: float
    max_points: float
    message: str
    empty: bool = False  # the function is as it was released
    picture: str = ""  # SVG


@dataclass(frozen=True, kw_only=True)
class Item:
    """One exercise, one answer that a teacher reads, or one plain test."""

    id: str
    title: str
    state: str  # a key of messages.WORDS; "read" for an answer that has its points
    points: float
    max_points: float
    bonus: bool = False
    plain: bool = False
    levels: tuple[Part, ...] = ()
    comment: str = ""
    advice: str = ""  # the first thing that failed, or its hint
    hints: str = ""  # HTML, folded: the page proposes what to do, and tells no more unasked

    @property
    def anchor(self) -> str:
        """The id of its cell on the page."""
        return f"cell-{self.id}"


@dataclass(frozen=True, kw_only=True)
class Page:
    """All that the template needs."""

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

    def figures(self, of: Item | Part) -> str:
        """The points of an exercise, an answer or a level, and the most there are for it."""
        figures = messages.FIGURES.format(points=of.points, max_points=of.max_points)
        return figures[self.language]


def page(
    notebook: Any,
    results: Mapping[str, Result],
    exercises: Mapping[str, Exercise],
    *,
    name: str,
    student: str,
    points: float,
    max_points: float,
    penalty: float,
    dropped: Mapping[str, str],
    given: Mapping[str, str],
    language: str,
) -> Page:
    """Make a student's page.

    notebook: autograded, with nbgrader's points and comments. results: by grade_id of the test
    cell. exercises: the assignment's. name: of the notebook. points: in all, with the penalty for
    lateness already deducted. dropped, given: exercises that count for nobody, or whose points
    everybody has, with the reason. language: de or en; ValueError for another one.
    """
    title = messages.TITLE.format(notebook=name)[language]
    items = _items(notebook, results, exercises, language)
    answers = _answers(notebook, exercises)
    adjusted = {*dropped, *given}
    counted = [item for item in items if item.id not in adjusted]
    remarks = [messages.DROPPED.format(name=n, reason=dropped[n])[language] for n in dropped]
    remarks += [messages.GIVEN.format(name=n, reason=given[n])[language] for n in given]
    return Page(
        language=language,
        title=title,
        student=student,
        points=messages.SCORE.of(float(max_points), points=float(points))[language],
        remarks=(*_remarks(items, answers, penalty, language), *remarks),
        well=_well(counted, language),
        solved=tuple(item for item in items if item.state == "solved"),
        next=_next_steps(counted, exercises),
        exercises=items,
        answers=answers,
        words={key: text[language] for key, text in messages.WORDS.items()},
        style=STYLE.read_text(encoding="utf-8"),
    )


def _remarks(
    exercises: Sequence[Item], answers: Sequence[Item], penalty: float, language: str
) -> list[str]:
    bonus = sum(item.points for item in exercises if item.bonus)
    # an answer may wait though it has points: those of the submission before
    waiting = sum(max(a.max_points - a.points, 0) for a in answers if a.state == "waits")
    remarks = [messages.BONUS_PART.format(count=bonus)[language]] if bonus else []
    counted = ((messages.LATE, penalty), (messages.WAITING, waiting))
    return remarks + [text.of(points)[language] for text, points in counted if points]


def _well(exercises: Sequence[Item], language: str) -> str:
    required = [item for item in exercises if not item.bonus] or list(exercises)
    solved = sum(item.state == "solved" for item in required)
    bonus = sum(item.state == "solved" for item in exercises) - solved
    if exercises and all(item.state == "empty" for item in exercises):
        return messages.NOTHING_WRITTEN[language]
    if not solved + bonus:
        return messages.NONE_SOLVED[language]
    told = messages.SOME_SOLVED.of(solved, total=len(required))
    if solved == len(required):
        told = messages.ALL_SOLVED.of(solved)
    told = messages.AND_BONUS.of(bonus, solved=told) if bonus else told
    return f"{told[language]}:"  # a list of them follows


def _next_steps(items: Sequence[Item], exercises: Mapping[str, Exercise]) -> tuple[Item, ...]:
    """The first exercises that are open and do not wait for another of these, the bonus last."""
    states = {item.id: item.state for item in items}
    ready = [
        item
        for item in items
        if item.state in ("partly", "open", "empty")
        and all(states.get(need, "solved") == "solved" for need in exercises[item.id].needs)
    ]
    return tuple(sorted(ready, key=lambda item: item.bonus)[:MAX_NEXT])


# --- exercises ----------------------------------------------------------------------------------


def _items(
    notebook: Any,
    results: Mapping[str, Result],
    exercises: Mapping[str, Exercise],
    language: str,
) -> tuple[Item, ...]:
    cells: dict[str, list[tuple[Any, Level]]] = {}
    for cell in notebook.cells:
        if tested := exercise_of(cell, exercises):
            cells.setdefault(tested[0], []).append((cell, tested[1]))
    comments = {name: _comment(cell) for name, cell in by_id(notebook).items() if is_solution(cell)}
    items = []
    for name, found in cells.items():
        exercise, judged = exercises[name], [results.get(grade_id_of(cell)) for cell, _ in found]
        levels = [
            _part(exercise, level, cell, result, language)
            for (cell, level), result in zip(found, judged, strict=True)
        ]
        item = _item(exercise, levels, comments.get(name, ""), language)
        steps = [r.message.steps for r in judged if r and r.message and r.message.steps]
        # those of the two levels are the same
        items.append(replace(item, hints=folded_steps(steps[0], language) if steps else ""))
    return tuple(items)


def _comment(cell: Any) -> str:
    """A teacher's comment on an answer, as Markdown that is safe in a page."""
    comment = str(metadata_of(cell).get("comment") or "")
    return "" if comment == NO_RESPONSE else harmless_markdown(comment)


def _item(exercise: Exercise, levels: Sequence[Part], comment: str, language: str) -> Item:
    failed = [level for level in levels if level.passed is False]
    if all(level.passed for level in levels):
        state = "solved"
    elif not failed:
        state = "skipped"
    else:
        state = "empty" if all(level.empty for level in levels) else "open"
        state = "partly" if any(level.passed for level in levels) else state
    advice = failed[0].message if failed else ""
    if failed and levels[0].passed:
        advice = f"{messages.ONLY_EXAMPLES[language]}\n{advice}"
    return Item(
        id=exercise.id,
        title=exercise.title[language],
        state=state,
        points=sum(level.points for level in levels),
        max_points=sum(level.max_points for level in levels),
        bonus=exercise.bonus,
        levels=tuple(levels),
        comment=comment,
        advice=advice,
    )


def _part(
    exercise: Exercise, level: Level, cell: Any, result: Result | None, language: str
) -> Part:
    """A test cell's level on the page; without a result it was not graded, and says so."""
    message = result.message if result else None
    lines = message.lines if message else []
    if result is None:
        lines = [Line(STATES[None])]
    return Part(
        name=LEVELS[level][language],
        passed=result.passed if result else False,
        points=float(metadata_of(cell).get("score") or 0),
        max_points=result.max_points if result and result.bonus else points_of(cell),
        message="\n".join(line.plain(language) for line in lines),
        empty=result is not None and result.kind == "not_implemented",
        picture=chart_picture(result.chart, language) if result and result.chart else "",
    )


def chart_picture(chart: Chart, language: str, title: str = "") -> str:
    """Draw the bars of a mistake; title: for a slide."""
    what = (messages.SAMPLED_CAPTION if chart.sampled else messages.CUT_NOTE)[language]
    whose = messages.OF_SUBMISSION if title else messages.ACTUAL
    expected, actual = messages.EXPECTED[language], whose[language]
    shares = "; ".join(
        messages.TOKEN.format(
            label=label, expected=expected, share=float(e), actual=actual, yours=float(a)
        )[language]
        for label, e, a in zip(chart.labels, chart.expected, chart.actual, strict=True)
    )
    return svg.paired_bars(
        [
            label if share else f"{label} ({messages.FORBIDDEN[language]})"
            for label, share in zip(chart.labels, chart.expected, strict=True)
        ],
        (expected, chart.expected),
        (actual, chart.actual),
        axis=what,
        alternative=f"{what}. {shares}.",
        title=title,
    )


# --- answers that a teacher reads ---------------------------------------------------------------


def _answers(notebook: Any, exercises: Collection[str]) -> tuple[Item, ...]:
    items, heading = [], ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and not is_solution(cell):
            headings = (line for line in cell.source.splitlines() if line.startswith("#"))
            heading = next((line.lstrip("#").strip() for line in headings), heading)
        if is_graded(cell) and exercise_of(cell, exercises) is None:
            metadata, name = metadata_of(cell), grade_id_of(cell)
            waits = metadata.get("score") is None or metadata.get("waits", False)
            plain = is_plain_test(cell, exercises)
            state = "empty" if metadata.get("comment") == NO_RESPONSE else "read"
            items.append(
                Item(
                    id=name,
                    title=name if plain else heading or name,
                    plain=plain,  # its cell shows the outputs
                    state="waits" if waits else state,
                    points=float(metadata.get("score") or 0),
                    max_points=points_of(cell),
                    comment=_comment(cell),
                )
            )
    return tuple(items)
