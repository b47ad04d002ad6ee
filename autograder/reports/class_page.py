"""The class's page: one HTML file without scripts, which needs nothing else and prints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from autograder.exercises.exercise import Words
from autograder.feedback import svg
from autograder.feedback.student_page import STYLE
from autograder.reports import class_data, similar
from autograder.reports.class_data import ExerciseRow, Student

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TEMPLATES = Path(__file__).parent / "templates"
MOST_OUTPUTS = 15
MOST_PAIRS = 20  # that are shown side by side

# what a teacher reads
WORDS = {
    "title": Words("Klassenbericht {a}", "Class report {a}"),
    "counts": Words(
        "{n} Abgaben, {graded} bewertet. Punkte: Median {median}, von {least} bis {most} "
        "(möglich: {full}).",
        "{n} hand-ins, {graded} graded. Points: median {median}, from {least} to {most} "
        "(possible: {full}).",
    ),
    "none": Words(
        "{n} Abgaben, noch keine bewertet: `kischule grade {a}`.",
        "{n} hand-ins, none graded yet: `kischule grade {a}`.",
    ),
    "waiting": Words(
        "{n} Abgaben haben Antworten, die auf Ihre Punkte warten (formgrader, zusammen bis zu "
        "{a:g}).",
        "{n} hand-ins have answers that wait for your points (formgrader, up to {a:g} in all).",
    ),
    "few": Words(
        "Bei weniger als zehn Abgaben sagen Trennschärfen wenig.",
        "With fewer than ten hand-ins, discriminations say little.",
    ),
    "scores": Words("Verteilung der Punkte", "Distribution of points"),
    "points": Words("Punkte", "points"),
    "students": Words("Abgaben", "hand-ins"),
    "exercises": Words("Aufgaben", "Exercises"),
    "exercise": Words("Aufgabe", "Exercise"),
    "share": Words("gelöst", "solved"),
    "discrimination": Words("Trennschärfe", "Discrimination"),
    "about": Words(
        "Trennschärfe: Wie eng hängt diese Aufgabe mit der Zahl der übrigen gelösten zusammen "
        "(punktbiserial, korrigiert; –: nicht bestimmbar)? Nahe 0 oder darunter lohnt ein Blick "
        "auf die Aufgabe.",
        "Discrimination: how closely this exercise goes with the number of others solved "
        "(point-biserial, corrected; –: not defined). Near 0 or below, look at the exercise.",
    ),
    "hint": Words("Häufigster Hinweis", "Most frequent hint"),
    "hints": Words("Alle Hinweise", "All hints"),
    "times": Words("bei", "for"),
    "outputs": Words("Häufigste falsche Ergebnisse", "Most frequent wrong results"),
    "talks": Words("Mit wem sprechen?", "Who needs a talk?"),
    "no_talk": Words("Niemand fällt auf.", "Nobody stands out."),
    "no_grade": Words(
        "ohne Bewertung, `kischule grade` sagt warum", "no grade, `kischule grade` says why"
    ),
    "status": Words("Bewertung endete mit: {a}", "grading ended with: {a}"),
    "low": Words("{a} der automatischen Punkte", "{a} of the machine's points"),
    "half": Words(
        "Beispiele richtig, neue Fälle falsch: {a}", "examples right, new cases wrong: {a}"
    ),
    "odd": Words("auffällig: {a}", "odd: {a}"),
    "slow": Words("{a} s Rechenzeit", "{a} s of computing"),
    "all": Words("Alle Abgaben", "All hand-ins"),
    "student": Words("Name", "Student"),
    "state": Words("Stand", "Status"),
    "open": Words("wartet", "waiting"),
    "time": Words("Zeit (s)", "Time (s)"),
    "flags": Words("Anmerkungen", "Flags"),
    "similar": Words("Ähnliche Abgaben", "Similar hand-ins"),
    "ask": Words(
        "Bei diesen Paaren steht viel eigener Code der einen Abgabe auch in der anderen. Das kann "
        "Zusammenarbeit sein, eine gemeinsame Quelle oder Zufall: eine Frage wert, kein Urteil. "
        "Der Code der Vorlage zählt nicht mit; {a}.",
        "In these pairs much of one hand-in's own code stands in the other one, too. That may be "
        "working together, a common source, or chance: worth a question, not a verdict. The "
        "release's code does not count; {a}.",
    ),
    "rule": Words("gezeigt ab {a:.0%}", "shown from {a:.0%}"),
    "no_pair": Words(
        "Kein Paar hat auffällig viel Code gemeinsam.",
        "No pair has conspicuously much code in common.",
    ),
    "no_library": Words("Der Vergleich braucht copydetect.", "Comparing needs copydetect."),
    "more": Words("und {a} weitere Paare", "and {a} more pairs"),
    "in_common": Words("gemeinsam", "in common"),
}


def class_page(course: Path, assignment: str, language: str = "de") -> str:
    """HTML. language: de | en. Raises AssignmentError."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    everybody = class_data.students(course, assignment)
    graded = [student for student in everybody if student.outcomes]
    words = {key: getattr(both, language) for key, both in WORDS.items()}
    rows = class_data.exercise_rows(graded, language)
    found, compared = _pairs(course, assignment, graded)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("class.html.j2").render(
        language=language,
        style=STYLE.read_text(encoding="utf-8"),
        words=words,
        title=words["title"].format(a=assignment),
        date=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        remarks=_remarks(everybody, graded, assignment, words),
        histogram=_histogram(graded, words) if graded else "",
        rows=rows,
        bars=_solved_bars(rows, words) if rows else "",
        hints=class_data.hint_counts(graded, language).most_common(),
        outputs=class_data.wrong_outputs(graded, language)[:MOST_OUTPUTS],
        talks=class_data.talks(everybody),
        students=everybody,
        pairs=found[:MOST_PAIRS],
        more=max(len(found) - MOST_PAIRS, 0),
        compared=compared,
        least=similar.LEAST,
    )


def _remarks(
    everybody: Sequence[Student], graded: Sequence[Student], assignment: str, words: dict[str, str]
) -> list[str]:
    totals = [student.total for student in graded if student.total]
    if not totals:
        return [words["none"].format(n=len(everybody), a=assignment)]
    points = [total.points for total in totals]
    remarks = [
        words["counts"].format(
            n=len(everybody),
            graded=len(totals),
            median=f"{np.median(points):g}",
            least=f"{min(points):g}",
            most=f"{max(points):g}",
            full=f"{totals[0].max_points:g}",
        )
    ]
    waiting = [total.waiting for total in totals if total.waiting]
    if waiting:
        remarks.append(words["waiting"].format(n=len(waiting), a=sum(waiting)))
    if len(totals) < 10:
        remarks.append(words["few"])
    return remarks


def _pairs(
    course: Path, assignment: str, graded: Sequence[Student]
) -> tuple[list[similar.Pair], bool]:
    """The pairs, and whether there was anything to compare with."""
    from autograder.notebooks.cells import MissingPackageError

    try:
        released = class_data.released_cells(course, assignment)
        return similar.pairs({s.name: s.cells for s in graded}, released), True
    except MissingPackageError:
        return [], False


def _histogram(graded: Sequence[Student], words: dict[str, str]) -> str:
    points = [student.total.points for student in graded if student.total]
    most = max(student.total.max_points for student in graded if student.total)
    width = max(round(max(*points, most, 1) / 12), 1)
    edges = np.arange(0, max(*points, most) + width, width)
    counts, _ = np.histogram(points, edges)

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        axes.bar(edges[:-1], counts, width=0.92 * width, align="edge", color=svg.BLUE)
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


def _solved_bars(rows: Sequence[ExerciseRow], words: dict[str, str]) -> str:
    def draw(axes: Axes) -> None:
        places = range(len(rows))
        drawn = axes.barh(places, [100 * row.share for row in rows], color=svg.BLUE, height=0.65)
        axes.bar_label(drawn, [f"{row.share:.0%}" for row in rows], padding=3, fontsize=8)
        axes.set_yticks(list(places), [row.id for row in rows])
        axes.invert_yaxis()
        axes.set_xlim(0, 112)
        axes.set_xlabel(f"{words['share']} (%)")
        axes.spines[["top", "right"]].set_visible(False)

    told = "; ".join(f"{row.id}: {row.share:.0%}" for row in rows)
    return svg.picture((7.5, 0.8 + 0.27 * len(rows)), f"{words['share']}. {told}.", draw)
