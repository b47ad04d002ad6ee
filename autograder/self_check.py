"""What a student should mend before handing in: `kischule check`.

The notebook runs from top to bottom in a kernel of its own, with the release's text in locked
cells, as where it is graded. Cells that only show something stay out if nothing needs them; that
their names are there is seen without running them. The file itself is never written.
"""

from __future__ import annotations

import copy
import difflib
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder import feedback
from autograder.answers import packed
from autograder.exercise import Words, exercise_ids, load_exercise
from autograder.grading import intake
from autograder.grading.notebook import (
    MissingPackageError,
    TestResult,
    execute,
    exercise_of,
    missing_exercises,
    nbgrader_of,
    outcome_of,
    result_of,
)
from autograder.grading.shown import left_out
from autograder.grading.text import clean
from autograder.names import (
    BUILTINS,
    Bindings,
    bindings,
    import_line,
    is_stub,
    missing_name,
    names,
)
from kischule.i18n import LANGUAGE_VARIABLE
from kischule.i18n import language as chosen_language

CELL_LIMIT = 60.0  # seconds
PACKAGES = ("ipykernel", "nbclient", "nbformat")
FEWEST = 1 / 3  # of the release's cells with an id: with less it is another notebook
MODELS = ("tokenizer", "model")
# what the notebook imports, and what that imports: a file of this name would hide it
MODULES = sys.stdlib_module_names | {
    *("IPython", "autograder", "ipykernel", "kischule", "matplotlib", "numpy", "safetensors"),
    *("tokenizers", "torch", "transformers", "yaml"),
}


@dataclass(frozen=True)
class Finding:
    """One thing to mend, or to know."""

    kind: str  # what it is about, for programs; see `feedback.MEND`
    message: Words
    cell: int | None = None  # of the code cells, as Jupyter counts them; None: of no one
    grade_id: str = ""
    mend: bool = True  # it costs points, or the notebook does not run through; else a hint


@dataclass(frozen=True)
class SelfCheck:
    """What came of a notebook."""

    language: str  # de | en
    results: Sequence[TestResult]  # of the public cases
    missing: Sequence[str]  # exercises without a test cell
    said: Sequence[str]  # to each of these: how far it came, why not, what to read
    findings: Sequence[Finding]

    @property
    def open(self) -> list[str]:
        """Exercises whose public cases do not all pass."""
        return [*(r.exercise for r in self.results if not r.passed), *self.missing]

    @property
    def passed(self) -> bool:
        return not self.open and not any(f.mend for f in self.findings)

    def groups(self) -> Iterator[tuple[str, list[Finding]]]:
        """The findings under the keys of their headings: empty cells and hints come last."""
        keys = [
            "hint" if not f.mend else "empty" if f.kind in ("empty", "text") else "mend"
            for f in self.findings
        ]
        for key in ("mend", "empty", "hint"):
            if found := [f for f, k in zip(self.findings, keys, strict=True) if k == key]:
                yield key, sorted(found, key=lambda finding: finding.cell or sys.maxsize)

    @property
    def closing(self) -> str:
        """The last line: ready, or what is left."""
        # an exercise that is empty is one that is not passed
        places = sum(f.mend and f.kind not in ("empty", "text") for f in self.findings)
        texts = sum(f.kind == "text" for f in self.findings)
        open_ = self.open if self.said else []  # of another notebook only that is said
        needed = [name for name in open_ if not load_exercise(name).bonus]
        if not (places or texts or needed):
            key = "bonus_left" if open_ else "ready"
            return feedback.check_word(key, self.language, a=", ".join(open_))
        left = [
            feedback.check_word(one if count == 1 else many, self.language, a=count)
            for count, one, many in (
                (len(needed), "exercise_left", "exercises_left"),
                (texts, "text_left", "texts_left"),
                (places, "place_left", "places_left"),
            )
            if count
        ]
        return feedback.check_word("not_ready", self.language, a="; ".join(left))

    def as_data(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "exercises": [r.as_data() for r in self.results],
            "missing": list(self.missing),
            "findings": [
                {**asdict(f), "message": getattr(f.message, self.language)} for f in self.findings
            ],
        }


def self_check(
    path: Path, language: str | None = None, time_limit: float = CELL_LIMIT
) -> SelfCheck:
    """Check a notebook.

    language: None for that of KISCHULE_LANGUAGE, where that is not set of the notebook's edition.
    time_limit: seconds a cell. Raises UnreadableError for what is no notebook, MissingPackageError.
    """
    _load_packages()
    submitted = intake.parse(intake.read_bytes(path))
    edition = edition_of(submitted)
    if language is None:
        language = chosen_language() if os.environ.get(LANGUAGE_VARIABLE) else edition.language
    if other := _another(path, submitted, edition):
        return SelfCheck(language, [], exercise_ids(), [], [other])
    cells = cells_of(submitted, edition.release)
    findings = [
        *_structure(path, submitted, edition),
        *_files(path.parent, cells),
        *_empty(cells),
        *_empty_texts(submitted, edition.release),
        *_shadows(cells),
        *_run(cells, edition.release, path.resolve().parent, time_limit),
    ]
    tests = [cell for cell in cells if cell.test]
    results = [result_of(cell.node, language) for cell in tests]
    missing = missing_exercises(results)
    said = [_said(cell, language) for cell in tests]
    said += [feedback.check_word("no_test", language)] * len(missing)
    return SelfCheck(language, results, missing, said, findings)


def _load_packages() -> None:
    """Load what reads and runs notebooks; MissingPackageError naming what is not there.

    nbformat's jsonschema compiles a grammar of internet addresses, if rfc3987_syntax is installed
    (JupyterLab brings it): 2 of 10 seconds, and the format of notebooks has no such address.
    """
    for package in PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise MissingPackageError(
                f"checking a notebook needs {package}: pip install 'kischule[notebook]'"
            )
    with _absent("rfc3987_syntax"):
        importlib.import_module("nbformat")


@contextmanager
def _absent(package: str) -> Iterator[None]:
    """As if a package were not installed, if it is not loaded yet."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]


# --- the release that it is -----------------------------------------------------------------------


@dataclass(frozen=True)
class Edition:
    """A release of the package."""

    name: str  # of the notebook's file
    language: str
    release: Any

    @cached_property
    def known(self) -> dict[str, Any]:
        """The release's cells that have a grade_id, by it."""
        return {_id(cell): cell for cell in self.release.cells if _id(cell)}

    def shared(self, notebook: Any) -> set[str]:
        """The release's grade_ids that a notebook has."""
        return self.known.keys() & set(map(_id, notebook.cells))

    def same(self, notebook: Any) -> int:
        """How many of the notebook's cells with an id are the release's, word for word."""
        known = [cell for cell in notebook.cells if _id(cell) in self.known]
        return sum(clean(cell.source) == self.known[_id(cell)].source for cell in known)


def edition_of(notebook: Any) -> Edition:
    """The edition that fits a notebook best, the German one of equals."""
    editions = [
        Edition(
            path.name,
            "en" if path.parent.name.endswith("_en") else "de",
            intake.parse(path.read_bytes()),
        )
        for path in sorted(packed("release").glob("*/*.ipynb"))
    ]
    return max(editions, key=lambda edition: edition.same(notebook))


def _another(path: Path, submitted: Any, edition: Edition) -> Finding | None:
    there, all_ = len(edition.shared(submitted)), len(edition.known)
    if there >= FEWEST * all_:
        return None
    name, release = clean(path.name), edition.name
    return Finding("foreign", feedback.mend("another", n=name, other=release, a=all_, cell=there))


def _structure(path: Path, submitted: Any, edition: Edition) -> Iterator[Finding]:
    """What is not as in the release, and what that means in grading."""
    flags: dict[str, list[str]] = {"missing": [], "doubled": [], "changed": []}
    for flag in intake.rebuild(edition.release, submitted).flags:
        kind, _, grade_id = flag.partition(": ")
        flags[kind].append(grade_id)
    for kind in ("missing", "doubled"):
        for grade_id in flags[kind]:
            if nbgrader_of(edition.known[grade_id]).get("solution"):
                yield Finding(kind, feedback.mend(kind, n=grade_id), grade_id=grade_id)
    if flags["changed"]:
        yield Finding(
            "changed", feedback.mend("changed", a=", ".join(flags["changed"])), mend=False
        )
    stem = Path(edition.name).stem
    if stem not in path.name:
        words = feedback.mend("renamed", a=clean(path.name), n=stem)
        yield Finding("renamed", words, mend=False)


# --- its cells ------------------------------------------------------------------------------------


@dataclass
class Cell:
    """A code cell as it runs, and what is known of it before."""

    node: Any  # of the notebook that runs
    number: int | None  # as Jupyter counts cells; None: empty, or no code in the student's file
    role: str  # locked | solution | released (the release's text) | own
    runs: bool = True

    @cached_property
    def names(self) -> tuple[set[str], set[str]]:
        """Names that it uses, and those that it makes."""
        return names(self.node.source)

    @cached_property
    def bound(self) -> Bindings:
        return bindings(self.node.source)

    @property
    def used(self) -> set[str]:
        return self.names[0]

    @property
    def defined(self) -> set[str]:
        return self.names[1]

    @property
    def grade_id(self) -> str:
        return _id(self.node)

    @property
    def theirs(self) -> bool:
        """Whether the student wrote it."""
        return self.role in ("solution", "own")

    @property
    def test(self) -> str:
        """The exercise whose public cases it checks; "" for any other cell."""
        exercise, level = exercise_of(self.node)
        return exercise if level == "public" else ""

    @property
    def place(self) -> str:
        """`[12] (top_tokens)`, for a cell without an id `[12] (x = 1 …)`."""
        lines = [line for line in clean(self.node.source).splitlines() if line.strip()]
        first = lines[0].strip() if lines else ""
        more = " …" if len(lines) > 1 or len(first) > 40 else ""
        name = self.grade_id or f"{first[:40].rstrip()}{more}"
        return f"({name})" if self.number is None else f"[{self.number}] ({name})"

    @property
    def error(self) -> Any:
        """The output of an error that stopped it; None if there was none."""
        found = [o for o in self.node.outputs if o.output_type == "error"]
        return found[0] if found else None


def cells_of(submitted: Any, release: Any) -> list[Cell]:
    """The notebook's code cells in its order, as grading would run them."""
    import nbformat

    known = {_id(c): c for c in release.cells if _id(c)}
    plain = {c.source: c for c in release.cells if c.cell_type == "code" and not _id(c)}
    cells, number = [], 0
    for cell in submitted.cells:
        counted = cell.get("cell_type") == "code" and bool(cell.source.strip())
        number += counted
        source, role = clean(cell.source), "own"
        original = known.get(_id(cell)) or plain.get(source)
        if original is not None and _id(original):
            role = "solution" if nbgrader_of(original).get("solution") else "locked"
            source = source if role == "solution" else original.source
        elif original is not None:
            role = "released"
        if (original or cell).get("cell_type") != "code":
            continue
        node = nbformat.v4.new_code_cell(source)
        node.metadata = copy.deepcopy(original.metadata) if original else node.metadata
        cells.append(Cell(node, number if counted else None, role))
    for index in left_out([cell.node for cell in cells]):
        cells[index].runs = False
    return cells


def _id(cell: Any) -> str:
    """A cell's grade_id; "" where it has none, or none that is a text."""
    grade_id = nbgrader_of(cell).get("grade_id")
    return grade_id if isinstance(grade_id, str) else ""


# --- what is seen without running it --------------------------------------------------------------


def _files(folder: Path, cells: Sequence[Cell]) -> Iterator[Finding]:
    """Files beside the notebook: they hide a module, or a cell needs one that nobody hands in."""
    beside = {p.stem: p for p in folder.glob("*.py")}
    beside |= {p.parent.name: p.parent for p in folder.glob("*/__init__.py")}
    for name in sorted(beside.keys() & MODULES):
        if not _installed_there(name, beside[name]):
            words = feedback.mend("file", n=name, a=clean(beside[name].name))
            yield Finding("file", words, mend=False)
    for cell in cells:
        imported = {origin.split(".")[0] for origin in cell.bound.imports.values()}
        imported |= {origin.split(".")[0] for origin in cell.bound.everything_from}
        for name in sorted(imported & (beside.keys() - MODULES)) if cell.theirs else ():
            if not _installed_there(name, beside[name]):
                yield _at(cell, "beside", "beside", n=name)


def _installed_there(name: str, path: Path) -> bool:
    """Whether it is the installed module itself, as in a checkout."""
    spec = importlib.util.find_spec(name)
    origin = Path(spec.origin).resolve() if spec and spec.origin else None
    return origin is not None and path.resolve() in (origin, origin.parent)


def _empty(cells: Sequence[Cell]) -> Iterator[Finding]:
    """Solution cells that are still as released."""
    for cell in cells:
        if cell.role != "solution":
            continue
        functions = cell.bound.functions
        stubs = [name for name, node in functions.items() if is_stub(node)]
        bonus = cell.grade_id in exercise_ids() and load_exercise(cell.grade_id).bonus
        if not cell.node.source.strip() or (stubs and len(stubs) == len(functions)):
            words = feedback.mend("empty_bonus" if bonus else "empty", cell=cell.place)
            yield Finding("empty", words, cell.number, cell.grade_id, not bonus)
        elif stubs:
            yield _at(cell, "empty", "empty_part", a=", ".join(stubs))


def _empty_texts(submitted: Any, release: Any) -> Iterator[Finding]:
    """Questions that are not answered."""
    blank, question = {}, ""
    for cell in release.cells:
        if cell.cell_type == "markdown" and nbgrader_of(cell).get("solution"):
            blank[_id(cell)] = ("", cell.source.strip()), question
        question = next(iter(re.findall(r"^\*\*(.+?)\.?\*\*", cell.source)), "")
    for cell in submitted.cells:
        empty, question = blank.get(_id(cell), ((), ""))
        if cell.source.strip() in empty:
            words = feedback.mend("empty_text", cell=_id(cell), a=question)
            yield Finding("text", words, None, _id(cell))


def _shadows(cells: Sequence[Cell]) -> Iterator[Finding]:
    """Names to which a student's cell gives another meaning, though they have one."""
    exercises = {function for e in exercise_ids() for function in (e, *load_exercise(e).helpers)}
    imported: dict[str, tuple[str, Cell]] = {}
    functions: dict[str, Cell] = {}
    models: set[str] = set()
    for cell in cells:
        bound = cell.bound
        made = bound.values | bound.functions.keys() | bound.imports.keys()
        for name in sorted(made) if cell.theirs else ():
            if name in BUILTINS:
                yield _shadow(cell, "builtin", name)
            elif name in imported and bound.imports.get(name) != imported[name][0]:
                yield _shadow(cell, "imported", name, imported[name][1])
            elif name in models:
                yield _shadow(cell, "model", name)
            elif name in exercises and _twice(name, cell, functions.get(name)):
                yield _shadow(cell, "again", name, functions[name])
        for name in sorted(bound.values & functions.keys()):
            yield _shadow(cell, "overwritten", name, functions[name])
        for name, origin in bound.imports.items():
            imported.setdefault(name, (origin, cell))
        functions |= {name: cell for name in bound.functions if cell.theirs}
        models |= bound.values & set(MODELS)


def _twice(name: str, cell: Cell, other: Cell | None) -> bool:
    """Whether both define the function; not in two copies of one cell, which is told otherwise."""
    if other is None or name not in cell.bound.functions:
        return False
    return not cell.grade_id or cell.grade_id != other.grade_id


def _shadow(cell: Cell, key: str, name: str, other: Cell | None = None) -> Finding:
    words = feedback.mend(key, cell=cell.place, n=name, other=other.place if other else "")
    return Finding("shadows", words, cell.number, cell.grade_id, mend=False)


def _at(cell: Cell, kind: str, key: str, **values: object) -> Finding:
    words = feedback.mend(key, cell=cell.place, **values)
    return Finding(kind, words, cell.number, cell.grade_id)


# --- what running it shows ------------------------------------------------------------------------


def _run(cells: Sequence[Cell], release: Any, folder: Path, time_limit: float) -> Iterator[Finding]:
    """Run the cells; their nodes get the outputs."""
    import nbformat

    running = [cell for cell in cells if cell.runs]
    notebook = nbformat.v4.new_notebook(cells=[cell.node for cell in running])
    begun: list[int] = []
    try:  # what ipykernel has to say while it ends is for nobody
        execute(notebook, folder, time_limit, stderr=subprocess.DEVNULL, begun=begun)
    except RuntimeError:  # nbclient's, for a kernel that ended
        if begun:
            yield _at(running[begun[-1]], "died", "died")
        else:
            yield Finding("died", feedback.mend("no_kernel"))
    found: dict[str, Finding] = {}
    for index in range(len(cells)):
        for key, finding in _stopped(cells, index, release, time_limit):
            found.setdefault(key, finding)
    yield from found.values()


def _stopped(
    cells: Sequence[Cell], index: int, release: Any, time_limit: float
) -> Iterator[tuple[str, Finding]]:
    """Why a cell did not run to its end, under a key that is the same for the same reason."""
    cell = cells[index]
    error = cell.error
    text = f"{error.ename}: {error.evalue}" if error else _message(cell)
    missing = {name} if (name := missing_name(text)) else set()
    for name in sorted(missing if cell.runs else _never_made(cells, index)):
        if finding := _missing_name(cells, index, name, release):
            yield name, finding
    if error is None or missing:
        return
    if error.ename == "KeyboardInterrupt":
        yield f"slow {index}", _at(cell, "slow", "slow", a=f"{time_limit:g}")
    elif not cell.test and error.ename != "NotImplementedError":  # what is empty is told already
        yield f"raised {index}", _raised(cell)


def _never_made(cells: Sequence[Cell], index: int) -> set[str]:
    """Names that a cell which did not run uses and that no cell up to it makes."""
    before = cells[: index + 1]
    if any(cell.bound.everything_from for cell in before):
        return set()
    return cells[index].used - BUILTINS - set().union(*(cell.defined for cell in before))


def _message(cell: Cell) -> str:
    """What a test cell's check says in English; "" where it gave nothing."""
    outcome = outcome_of(cell.node, cell.test) if cell.test else None
    return str(outcome["message"]["en"]) if outcome else ""


def _missing_name(cells: Sequence[Cell], index: int, name: str, release: Any) -> Finding | None:
    """Why a cell that ran, or would run, finds no such name; None where another finding says it."""
    user = _user(cells, index, name)
    kind = "" if user is cells[index] else "names"
    made = [i for i, cell in enumerate(cells) if name in cell.defined]
    before = [i for i in made if i < index]
    if any(cells[i].error or not cells[i].runs for i in before):
        return None  # it comes of an error before
    if before or index in made:
        return _raised(cells[index]) if cells[index].error and not cells[index].test else None
    if made:
        return _at(user, kind or "order", "order", n=name, other=cells[made[0]].place)
    for cell in release.cells:
        if cell.cell_type == "code" and name in names(cell.source)[1]:
            if nbgrader_of(cell).get("solution"):
                return None  # that an exercise's function is missing is told already
            where = Cell(cell, None, "released").place.strip("()")
            return _at(user, kind or "order", "lost", n=name, a=where)
    if line := import_line(name):
        return _at(user, kind or "import", "import", n=name, a=line)
    words = set(re.findall(r"[^\W\d]\w*", user.node.source)) - {name}
    words |= set(BUILTINS).union(*(cell.defined for cell in cells[: index + 1]))
    close = difflib.get_close_matches(name, sorted(words), 1, 0.75)
    return _at(user, kind or "import", "similar" if close else "unknown", n=name, a="".join(close))


def _user(cells: Sequence[Cell], index: int, name: str) -> Cell:
    """The cell whose code says the name: this one, or one before whose function runs in it."""
    solution = [c for c in cells if c.role == "solution" and c.grade_id == cells[index].test]
    before = [c for c in reversed(cells[:index]) if c.theirs]
    return next((c for c in (cells[index], *solution, *before) if name in c.used), cells[index])


def _raised(cell: Cell) -> Finding:
    return _at(cell, "raised", "raised", a=_one_line(cell.error))


def _one_line(error: Any) -> str:
    text = clean(" ".join(f"{error.ename}: {error.evalue}".split()))
    text = re.sub(r"\(\S+\.py, line (\d+)\)", r"(line \1)", text)  # the cell, not a file
    return text if len(text) <= 200 else f"{text[:200]} …"


# --- what is said to an exercise ------------------------------------------------------------------


def _said(cell: Cell, language: str) -> str:
    """How far the public cases came, what failed, what to read; "" where all passed."""
    outcome: Mapping[str, Any] | None = outcome_of(cell.node, cell.test)
    if outcome is not None:
        parts = [Words(**outcome[key]) for key in ("done", "message", "read")]
        return "" if outcome["passed"] else feedback.plain(parts, language)
    if cell.error is not None:
        return _one_line(cell.error)
    return feedback.check_word("no_result", language)
