"""A whole course in a temporary folder: release, eight hand-ins, grades, a table, pages.

The hand-ins are what a teacher gets: two good ones, an empty one, four with typical mistakes, and
one that never ends. Each is the release with the cells below filled in.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import release
from autograder.exercise import exercise_ids
from autograder.exercises.known import known_correct, known_wrong
from autograder.files import packaged
from autograder.grading.notebook import nbgrader_of
from autograder.grading.store import write_atomically

if TYPE_CHECKING:
    from autograder.grading.grade import Watch

ASSIGNMENT = "a7_2"
TIME_LIMIT = 10.0  # seconds a cell

CONFIG = """from autograder.grading.bridge import configure

configure(get_config())
"""

OBSERVATIONS = {
    "observation_greedy": "Der Text wiederholt sich nach wenigen Sätzen.",
    "observation_sampling": "Mit hoher temperature wird der Text wirr, top_p = 0.5 hilft.",
    "observation_prompt": "Ein längerer Prompt hält das Modell besser beim Thema.",
    "observation_endoftext": "Das Modell beginnt irgendeine neue Geschichte.",
}

# student -> (exercise, its wrong solution); the rest is the reference's
MISTAKES = {
    "logits": ("next_token_probs", "raw_logits"),
    "penalty": ("apply_repetition_penalty", "divides_all"),
    "crossing": ("filter_top_p", "crossing_token_dropped_but_one_stays"),
    "too_hot": ("sample_decode", "temperature_after_the_cut"),
    "never_ends": ("greedy_decode", "never_ends"),
}


def make_course(root: Path) -> None:
    """source/ and nbgrader_config.py in an empty folder."""
    shutil.copytree(packaged("source"), root / "source")
    (root / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")


def hand_ins(root: Path) -> dict[str, Any]:
    """student -> notebook, made from the course's release."""
    path = release.source_notebook(root, ASSIGNMENT)
    source = release.read_notebook(path)
    reference = {
        nbgrader_of(cell)["grade_id"]: cell.source
        for cell in source.cells
        if nbgrader_of(cell).get("solution")
    }
    other_style = {name: next(iter(known_correct(name).values())) for name in exercise_ids()}
    answers: dict[str, dict[str, str]] = {
        "reference": reference,
        "other_style": {**other_style, **OBSERVATIONS},
        "blank": {},
    }
    for student, (exercise, name) in MISTAKES.items():
        answers[student] = {**reference, exercise: known_wrong(exercise)[name].source}
    released = root / "release" / ASSIGNMENT / path.name
    return {student: filled(released, cells) for student, cells in answers.items()}


def filled(released: Path, answers: dict[str, str]) -> Any:
    """The released notebook with these solution cells."""
    notebook = release.read_notebook(released)
    for cell in notebook.cells:
        cell.source = answers.get(nbgrader_of(cell).get("grade_id", ""), cell.source)
    return notebook


def run_demo(keep: Path | None, watch: Watch, show: Callable[[dict[str, Any]], None]) -> int:
    """Release, hand in, grade, show, report. keep: a folder that stays; None: a temporary one."""
    with tempfile.TemporaryDirectory(prefix="kischule-demo-") as temporary:
        root = Path(temporary).resolve() if keep is None else keep.resolve()
        if keep is not None and keep.exists() and any(keep.iterdir()):
            raise release.AssignmentError(f"the folder for the demo must be empty, was: {keep}")
        root.mkdir(parents=True, exist_ok=True)
        _run(root, watch, show)
    return 0


def _run(root: Path, watch: Watch, show: Callable[[dict[str, Any]], None]) -> None:
    import nbformat

    from autograder.grading.grade import Options, grade
    from autograder.reports.class_page import class_page
    from autograder.reports.feedback_run import feedback

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    say(f"1. a course in {root}")
    make_course(root)
    say("2. the release: reference solutions get all points, the empty notebook none")
    release.release(root, ASSIGNMENT)
    notebooks = hand_ins(root)
    say(f"3. {len(notebooks)} hand-ins")
    name = release.source_notebook(root, ASSIGNMENT).name
    for student, notebook in notebooks.items():
        content = nbformat.writes(notebook).encode()
        write_atomically(root / "submitted" / student / ASSIGNMENT / name, content)
    say("4. grades: cells in a sandbox, checks outside of it, scores in nbgrader's gradebook")
    show(grade(root, ASSIGNMENT, Options(time_limit=TIME_LIMIT), watch))
    say("5. a page for each student, and one of the class")
    pages = [made for _, made in feedback(root, ASSIGNMENT)]
    failed = [made for made in pages if isinstance(made, Exception)]
    if failed:
        raise failed[0]
    report = root / "reports" / f"{ASSIGNMENT}.html"
    write_atomically(report, class_page(root, ASSIGNMENT).encode())
    size = sum(Path(str(made)).stat().st_size for made in pages) + report.stat().st_size
    say(f"   {len(pages)} pages and {report.name}, {size / 1e6:.1f} MB in {root}")
