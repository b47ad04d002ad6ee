"""`kischule demo`: a whole course with eight submissions, from release to report.

The submissions are what a teacher gets: two good ones, an empty one, four with typical mistakes,
and one that never ends. Each is the release with the cells below filled in.
"""

import argparse
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat

from autograder.cli import messages
from autograder.cli.grade import print_class
from autograder.cli.output import DONE, stderr, stopped_by_signals
from autograder.cli.progress import Progress
from autograder.course.grade import grade
from autograder.course.new_course import CONFIG
from autograder.course.ours import AssignmentError
from autograder.course.pages import feedback
from autograder.course.release import release, source_notebooks
from autograder.exercises.exercise import PACKAGED
from autograder.exercises.known import known_correct, known_wrong
from autograder.files import packaged, write_atomically
from autograder.grading.engines.local import prepare
from autograder.grading.isolation import IsolationError
from autograder.grading.settings import Settings
from autograder.notebooks.cells import read_notebook, reference_of, with_solutions
from autograder.notebooks.exercises import exercises_in
from autograder.reports.class_page import class_page

ASSIGNMENT = "a7_2"
CELL_LIMIT_S = 10.0  # of a cell

OBSERVATIONS = {
    "observation_greedy": "Der Text wiederholt sich nach wenigen Sätzen.",
    "observation_sampling": "Mit hoher temperature wird der Text wirr, top_p = 0.5 hilft.",
    "observation_prompt": "Ein längerer Prompt hält das Modell besser beim Thema.",
    "observation_endoftext": "Das Modell beginnt irgendeine neue Geschichte.",
}

# student -> (exercise, its wrong solution); the other solutions are the reference's
MISTAKES = {
    "logits": ("next_token_probs", "raw_logits"),
    "penalty": ("apply_repetition_penalty", "divides_all"),
    "crossing": ("filter_top_p", "crossing_token_dropped_but_one_stays"),
    "too_hot": ("sample_decode", "temperature_after_the_cut"),
    "never_ends": ("greedy_decode", "never_ends"),
}


def make_course(root: Path) -> None:
    """Make source/ and nbgrader_config.py in an empty folder."""
    shutil.copytree(packaged("source"), root / "source")
    (root / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")


def submissions(root: Path) -> dict[str, Any]:
    """Make the students' notebooks from the course's release."""
    path = source_notebooks(root, ASSIGNMENT)[0]
    source = read_notebook(path)
    reference, asked = reference_of(source), exercises_in(source, PACKAGED)
    other_style = {name: next(iter(known_correct(name).values())) for name in asked}
    sources: dict[str, dict[str, str]] = {
        "reference": reference,
        "other_style": {**other_style, **OBSERVATIONS},
        "blank": {},
    }
    for student, (exercise, name) in MISTAKES.items():
        sources[student] = {**reference, exercise: known_wrong(exercise)[name].source}
    released = root / "release" / ASSIGNMENT / path.name
    return {
        student: with_solutions(read_notebook(released), cells)
        for student, cells in sources.items()
    }


def run(options: argparse.Namespace) -> int:
    """Release, submit, grade, show, report, in a temporary folder or in one that stays."""
    prepare(Settings())
    keep: Path | None = options.keep
    with stopped_by_signals(), tempfile.TemporaryDirectory(prefix="kischule-demo-") as temporary:
        root = Path(temporary).resolve() if keep is None else keep.resolve()
        if keep is not None and keep.exists() and any(keep.iterdir()):
            raise AssignmentError(messages.DEMO_FOLDER.format(was=keep))
        root.mkdir(parents=True, exist_ok=True)
        _run(root)
    return DONE


def _run(root: Path) -> None:
    stderr(messages.DEMO_COURSE.format(root=root))
    make_course(root)
    stderr(messages.DEMO_RELEASE)
    release(root, ASSIGNMENT)
    notebooks = submissions(root)
    stderr(messages.DEMO_SUBMISSIONS.format(count=len(notebooks)))
    name = source_notebooks(root, ASSIGNMENT)[0].name
    for student, notebook in notebooks.items():
        content = nbformat.writes(notebook).encode()
        write_atomically(root / "submitted" / student / ASSIGNMENT / name, content)
    stderr(messages.DEMO_GRADES)
    settings = Settings(time_limit_s=CELL_LIMIT_S)
    try:
        grades = grade(root, ASSIGNMENT, settings, watch=Progress())
    except IsolationError as error:  # these submissions are our own
        stderr(messages.DEMO_NO_SANDBOX.format(reason=error.text))
        grades = grade(root, ASSIGNMENT, replace(settings, isolation="process"), watch=Progress())
    print_class(grades)
    stderr(messages.DEMO_PAGES)
    pages = [made for _, made in feedback(root, ASSIGNMENT)]
    failed = [made for made in pages if isinstance(made, Exception)]
    if failed:
        raise failed[0]
    report = root / "reports" / f"{ASSIGNMENT}.html"
    write_atomically(report, class_page(root, ASSIGNMENT).encode())
    size = sum(Path(str(made)).stat().st_size for made in pages) + report.stat().st_size
    about = {"count": len(pages), "report": report.name, "size": size / 1e6, "root": root}
    stderr(messages.DEMO_SIZE.format(**about))
