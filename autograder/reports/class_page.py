"""The class's page: one HTML file without scripts, self-contained and fit to print."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from autograder.course.adjustments import Adjustment, Adjustments
from autograder.course.gradebook import Course
from autograder.course.grading_key import GradingKey, grading_key
from autograder.course.messages import ABSENT
from autograder.course.ours import exercises_of
from autograder.course.registration import graded_by_older
from autograder.feedback import svg
from autograder.feedback.student_page import STYLE, chart_picture
from autograder.notebooks.messages import flag_text
from autograder.reports import class_data, messages, similar
from autograder.reports.class_data import ExerciseRow, GradedStudent, Misconception
from kischule.colours import BLUE
from kischule.i18n import Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAGE_TEMPLATES = Path(__file__).parent / "templates"
MAX_LISTED_OUTPUTS = 15
MAX_LISTED_MISTAKES = 12
MAX_LISTED_PAIRS = 20  # that are shown side by side


def class_page(course: Path, assignment: str, language: str = "de") -> str:
    """Make the page, as HTML. language: de | en. Raises AssignmentError."""
    everybody = class_data.students(course, assignment)
    graded = [student for student in everybody if student.results]
    words = {key: text[language] for key, text in messages.PAGE_WORDS.items()}
    exercises = exercises_of(Course(course).directory(), assignment)
    rows = class_data.exercise_rows(graded, exercises, language)
    names, key = class_data.labels(everybody), grading_key(course)
    grades = {
        student.name: key.grade(student.total.points, student.total.max_points)
        for student in everybody
        if key and student.total
    }
    released = class_data.released_cells(course, assignment)
    found = similar.pairs({s.name: s.cells for s in graded}, released, exercises)
    remarks = [
        *_class_remarks(everybody, names, graded_by_older(course, assignment), assignment),
        *(_adjusted(entry) for entry in Adjustments.of(course, assignment).in_force),
    ]
    return (
        _environment(language)
        .get_template("class.html.j2")
        .render(
            language=language,
            style=STYLE.read_text(encoding="utf-8"),
            words=words,
            title=messages.CLASS_TITLE.format(assignment=assignment)[language],
            date=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
            remarks=[text[language] for text in remarks],
            names=names,
            grades=grades,
            bands=_bands(key, grades.values()) if key else [],
            statuses={status: text[language] for status, text in messages.STATUS_WORDS.items()},
            flags={student.name: _flags(student)[language] for student in everybody},
            histogram=_histogram(graded, words) if graded else "",
            rows=rows,
            bars=_solved_bars(rows, words, language) if rows else "",
            hints=class_data.hint_counts(graded, language).most_common(),
            steps=class_data.hint_steps(graded, exercises),
            misconceptions=[
                _misconception(each, len(graded), language)
                for each in class_data.misconceptions(graded)[:MAX_LISTED_MISTAKES]
            ],
            together=[
                (pair.exercises, messages.FAILED_BOTH.format(**vars(pair))[language])
                for pair in class_data.failing_together(graded)[:MAX_LISTED_MISTAKES]
            ],
            outputs=class_data.wrong_outputs(graded, language)[:MAX_LISTED_OUTPUTS],
            talks=[
                (talk.student, [reason[language] for reason in talk.reasons])
                for talk in class_data.talks(everybody)
            ],
            students=everybody,
            pairs=found[:MAX_LISTED_PAIRS],
            ask=messages.ASK[language],
            more=messages.MORE_PAIRS.of(len(found) - MAX_LISTED_PAIRS)[language]
            if len(found) > MAX_LISTED_PAIRS
            else "",
        )
    )


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(PAGE_TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        name: partial(_in_language, text, language)
        for name, text in (
            ("figure", messages.NUMBER),
            ("share", messages.SHARE),
            ("decimals", messages.TWO_DECIMALS),
        )
    }
    environment.filters |= {
        name: lambda count, text=text: text.of(count)[language]
        for name, text in (("alike", messages.ALIKE), ("others", messages.OTHERS))
    }
    return environment


def _class_remarks(
    everybody: Sequence[GradedStudent],
    names: Mapping[str, str],
    older: Sequence[str],
    assignment: str,
) -> list[Text]:
    graded = [student for student in everybody if student.results and student.total]
    totals = [student.total for student in graded if student.total]
    absent = [names[student.name] for student in everybody if student.reason == ABSENT]
    submissions = messages.SUBMISSIONS.of(len(everybody) - len(absent))
    nothing = [messages.WITHOUT_SUBMISSION.format(names=", ".join(absent))] if absent else []
    if not totals:
        none = messages.NONE_GRADED.format(submissions=submissions, assignment=assignment)
        return [none, *nothing]
    points = [total.points for total in totals]
    remarks = [
        messages.COUNTS.format(
            submissions=submissions,
            graded=len(totals),
            median=float(np.median(points)),
            min_points=min(points),
            max_points=max(points),
            possible=totals[0].max_points,
        ),
        *nothing,
    ]
    waiting = [total.waiting for total in totals if total.waiting]
    if waiting:
        remarks.append(messages.WAITING_POINTS.of(len(waiting), points=float(sum(waiting))))
    if plain := max(student.not_protected for student in graded):
        remarks.append(messages.NOT_PROTECTED.format(points=plain))
    if older:
        remarks.append(
            messages.OLDER_RELEASE.format(
                names=", ".join(names.get(n, n) for n in older), assignment=assignment
            )
        )
    tiers = Counter(s.record.tier for s in graded if s.record and s.record.tier)
    told = [messages.TIER_WORDS[tier] for tier in tiers]
    if len(tiers) > 1:
        pairs = zip(told, tiers.values(), strict=True)
        told = [messages.RAN_HOW_MANY.format(tier=tier, count=count) for tier, count in pairs]
    if told:
        remarks.append(messages.RAN_IN.format(tiers=class_data.joined(told, ", ")))
    if late := [student for student in graded if student.total and student.total.late_s]:
        remarks.append(_late(late, names))
    if unchanged := [student for student in graded if student.record and student.record.reused]:
        remarks.append(_not_run_again(unchanged, names))
    if len(totals) < 10:
        remarks.append(messages.FEW)
    return remarks


def _adjusted(entry: Adjustment) -> Text:
    """The remark on an adjustment: of what, by whom, when and why."""
    what = messages.ADJUSTED[entry.action].format(name=entry.name, hours=entry.hours)
    return messages.ADJUSTED_BY.format(
        what=what, by=entry.by, at=entry.at[:10], reason=entry.reason
    )


def _late(students: Sequence[GradedStudent], names: Mapping[str, str]) -> Text:
    """The remark that names late students, and what it cost them."""
    told = []
    for student in students:
        if (total := student.total) is None:
            continue
        about = {"name": names[student.name], "late": total.late}
        told.append(
            messages.LATE_LESS.of(total.penalty, **about)
            if total.penalty
            else messages.LATE_BY.format(**about)
        )
    return messages.LATE_STUDENTS.format(names=class_data.joined(told, ", "))


def _not_run_again(students: Sequence[GradedStudent], names: Mapping[str, str]) -> Text:
    """The remark that names exercises whose results are an earlier file's."""
    told = [
        messages.REUSED_OF.format(
            name=names[student.name], exercises=", ".join(student.record.reused)
        )
        for student in students
        if student.record
    ]
    return messages.REUSED_RESULTS.format(names=class_data.joined(told))


def _flags(student: GradedStudent) -> Text:
    flags = student.record.flags if student.record else ()
    return class_data.joined(map(flag_text, flags))


def _bands(key: GradingKey, grades: Iterable[str]) -> list[tuple[str, float, int]]:
    """Each grade, the share of points from which it is given, and how many have it."""
    counts = Counter(grades)
    return [(name, percent / 100, counts[name]) for name, percent in key.bands]


def _in_language(text: Text, language: str, value: float) -> str:
    return text.format(value=float(value))[language]


def _misconception(found: Misconception, count: int, language: str) -> dict[str, Any]:
    """A misconception for the page, with a slide that names nobody."""
    who = messages.OF_SUBMISSIONS.of(len(found.students), all=count)[language]
    title = messages.SLIDE_TITLE.format(hint=found.hint, who=who)[language]
    example, message = found.example, found.example.message
    if example.chart:
        slide = chart_picture(example.chart, language, title)
    else:
        text = replace(message, hint=None).plain(language) if message else ""
        slide = svg.text_slide(title, text, f"{title}: {text}".replace("\n", " "))
    return {
        "name": found.name,
        "hint": found.hint[language],
        "who": who,
        "exercises": found.exercises,
        "students": found.students,
        "slide": slide,
        "data": base64.b64encode(slide.encode()).decode(),
    }


def _histogram(graded: Sequence[GradedStudent], words: Mapping[str, str]) -> str:
    points = [student.total.points for student in graded if student.total]
    possible = max(student.total.max_points for student in graded if student.total)
    width = max(round(max(*points, possible, 1) / 12), 1)
    edges = np.arange(0, max(*points, possible) + width, width)
    counts, _ = np.histogram(points, edges)

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        axes.bar(edges[:-1], counts, width=0.92 * width, align="edge", color=BLUE)
        axes.set_xlabel(words["points"])
        axes.set_ylabel(words["students"])
        axes.set_xticks(edges)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)

    told = "; ".join(
        f"{low:g}–{low + width:g}: {count}"
        for low, count in zip(edges, counts, strict=False)
        if count
    )
    return svg.picture((7.5, 2.6), f"{words['scores']}. {told}.", draw)


def _solved_bars(rows: Sequence[ExerciseRow], words: Mapping[str, str], language: str) -> str:
    shares = [_in_language(messages.SHARE, language, row.share) for row in rows]

    def draw(axes: Axes) -> None:
        places = range(len(rows))
        bars = axes.barh(places, [100 * row.share for row in rows], color=BLUE, height=0.65)
        axes.bar_label(bars, shares, padding=3, fontsize=8)
        axes.set_yticks(list(places), [row.id for row in rows])
        axes.invert_yaxis()
        axes.set_xlim(0, 112)
        axes.set_xlabel(f"{words['share']} (%)")
        axes.spines[["top", "right"]].set_visible(False)

    told = "; ".join(f"{row.id}: {s}" for row, s in zip(rows, shares, strict=True))
    return svg.picture((7.5, 0.8 + 0.27 * len(rows)), f"{words['share']}. {told}.", draw)
