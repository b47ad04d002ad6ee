"""Gradescope: a zip that grades there as `kischule grade` does here.

The contract is Gradescope's, as of November 2026:

* gradescope-autograders.readthedocs.io/en/latest/specs: a zip with `setup.sh` (run once, when the
  image is built) and `run_autograder` (run for each hand-in) at its root; the folders `source`,
  `submission` and `results` beside the copied `run_autograder`; the fields of results.json.
* …/troubleshooting: 10 minutes a run, 768 MB and half a core unless the assignment's settings say
  more; "failed to execute correctly" is shown where results.json is missing or no JSON. An exit
  status is not mentioned. So there is always a results.json, which says whose fault it is, and
  where it is ours the status is 1 as well: the next one to look at the log is the teacher.
* …/best_practices: results.json also where the autograder fails, and how to hide what from whom.
* …/tech: each hand-in gets a fresh container of the image.

What a container of theirs does not give: namespaces, as a rule. There is no sandbox then, and
Gradescope starts `run_autograder` as root: the student's kernel is a process of the same user as
the grader's. Checks stay outside of it, the secret is gone from the disk and (unless the container
has CAP_SYS_PTRACE) cannot be read from the grader's memory, and the container is thrown away. But
code that sets out to do so can stop the grader and write a results.json of its own. A forged one
does not survive `kischule grade` on the same hand-ins: the seed is the same, and so is the grade.

Measured with all of A7_2: 1.4 GB at the peak in a sandbox, 1.3 GB without one. The memory that
Gradescope gives by default is too little: choose more in the assignment's autograder settings.

The zip holds the course's secret. It is for the teacher and for Gradescope, not for students.
"""

from __future__ import annotations

import base64
import ctypes
import hashlib
import io
import json
import sys
import time
import traceback
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import autograder
import kischule
from autograder import feedback
from autograder.exercise import Words, load_exercise
from autograder.grading import intake
from autograder.grading.isolation import IsolationError
from autograder.grading.notebook import TestResult, results
from autograder.grading.record import EngineError, Record, Rules, Settings, task_of
from autograder.grading.store import seed_id, write_atomically
from autograder.grading.submission import checks_id, grade_submission, settle
from autograder.outcome import OUTCOME_MIME

RULES, RELEASE = "rules.json", "release.ipynb"  # in the zip, and so in source/
SUBMISSION_LIMIT = 420.0  # seconds; Gradescope ends a run after 600, and then there is no result
DONE, FAILED = 0, 1
PLAIN, EXECUTABLE, PRIVATE = 0o644, 0o755, 0o600
LEFT_OUT = ("autograder/_data/", "kischule/mini/train.py")  # of the wheel: not needed to grade
_DUMPABLE = 4  # linux/prctl.h


def _words(key: str, a: object = "", e: object = "") -> Words:
    words = feedback.GRADESCOPE[key]
    return Words(words.de.format(a=a, e=e), words.en.format(a=a, e=e))


def _both(lines: Iterable[Words]) -> str:
    """German first, English below it."""
    lines = list(lines)
    languages = ("\n".join(w.de for w in lines), "\n".join(w.en for w in lines))
    return "\n\n".join(languages)


# --- the zip --------------------------------------------------------------------------------------


def export(course: Path, assignment: str, target: Path, seed_file: Path | None = None) -> list[str]:
    """Write the zip that Gradescope's "Configure Autograder" page takes.

    It grades by the course's release and secret: what a hand-in gets there, it gets here. Only the
    owner may read it. seed_file: as for `kischule grade`. Returns what the teacher should know.

    Raises AssignmentError, SeedError, or EngineError where kischule is no installed package.
    """
    from autograder.grading.grade import Options, rules_of  # needs nbgrader, which Gradescope lacks

    rules = rules_of(course.resolve(), assignment, Options(seed_file=seed_file))
    rules = replace(rules, settings=replace(rules.settings, submission_limit=SUBMISSION_LIMIT))
    # the container has `mini` alone, whose exercises come with the wheel
    data = {n: v for n, v in asdict(rules).items() if n not in ("release", "exercises")}
    name, wheel = build_wheel()
    failure = json.dumps(_failure())
    files = {
        "setup.sh": (SETUP.encode(), EXECUTABLE),
        "run_autograder": (RUN.replace("FAILURE", failure).encode(), EXECUTABLE),
        RULES: (json.dumps(data, indent=1).encode(), PRIVATE),
        RELEASE: (rules.release, PLAIN),
        name: (wheel, PLAIN),
    }
    write_atomically(target, _zipped(files), private=True)
    return ["in Gradescope's autograder settings choose at least 2 GB of memory"]


def build_wheel() -> tuple[str, bytes]:
    """Name and content of a wheel of kischule as it runs here, from a checkout or an install.

    Raises EngineError if it is on the path, but not installed.
    """
    try:
        about = metadata.distribution("kischule")
    except metadata.PackageNotFoundError as error:
        raise EngineError("to be packed, kischule must be installed: pip install .") from error
    info = f"kischule-{about.version.replace('-', '_')}.dist-info"
    files = _modules()
    for name in ("METADATA", "entry_points.txt"):
        text = about.read_text(name)
        if text is None:
            raise EngineError(
                f"to be packed, kischule must be installed with {name}: pip install ."
            )
        files[f"{info}/{name}"] = text.encode()
    for path in about.files or ():
        _, found, name = path.as_posix().rpartition(".dist-info/licenses/")
        if found:
            files[f"{info}/licenses/{name}"] = Path(str(path.locate())).read_bytes()
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: kischule\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    name = f"{info.removesuffix('.dist-info')}-py3-none-any.whl"
    return name, _zipped({n: (content, PLAIN) for n, content in files.items()})


def _modules() -> dict[str, bytes]:
    """The files of both packages, by their names in a wheel."""
    files = {}
    for package in (autograder, kischule):
        for root in map(Path, package.__path__):
            for path in sorted(p for p in root.rglob("*") if p.is_file()):
                parts = (package.__name__, *path.relative_to(root).parts)
                hidden = any(part == "__pycache__" or part.startswith(".") for part in parts)
                if not hidden and not "/".join(parts).startswith(LEFT_OUT):
                    files["/".join(parts)] = path.read_bytes()
    return files


def _record(files: Mapping[str, bytes], own: str) -> bytes:
    """A wheel's list of its files: packaging.python.org, "Recording installed projects"."""
    lines = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    return "".join([*lines, f"{own},,\n"]).encode()


def _zipped(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    """Content and permissions by name; the same files make the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, (content, mode) in files.items():
            entry = zipfile.ZipInfo(name)  # of 1980
            entry.create_system = 3  # Unix, also where this is not: else nobody reads the mode
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(entry, content)
    return buffer.getvalue()


SETUP = """#!/usr/bin/env bash
# Gradescope runs this once, as root, while it builds the image.
#
# pip decides where packages come from. A build of torch without CUDA saves some gigabytes of the
# image: set PIP_EXTRA_INDEX_URL or PIP_CONFIG_FILE here if you have an index that offers one.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  needed="python3-venv libseccomp2"
  apt-get install -y -q $needed || { apt-get update -q && apt-get install -y -q $needed; } ||
    echo "kischule: going on without: apt-get install $needed"
fi

"${PYTHON:-python3}" -m venv "$here/venv"
wheel=("$here"/kischule-*-py3-none-any.whl)
"$here/venv/bin/python" -m pip install --no-cache-dir "${wheel[0]}[grading]"
# what cannot be imported should stop this build, and not the first hand-in
"$here/venv/bin/python" -I -c "import autograder.lms.gradescope, torch, transformers"
"""

RUN = """#!/usr/bin/env bash
# Gradescope runs this for each hand-in, in a fresh container. bash reads all of it before it
# begins: what a hand-in does to this file comes too late.
main() {
  local base results status
  base="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
  [ -d "$base/source" ] || base=/autograder
  results="$base/results/results.json"
  mkdir -p "$base/results"
  rm -f "$results"
  "$base/source/venv/bin/python" -I -m autograder.lms.gradescope "$base"
  status=$?
  if [ "$status" -gt 1 ] || [ ! -s "$results" ]; then
    echo "kischule: the grader ended with status $status (137: killed, often for want of memory;"
    echo "the assignment's autograder settings offer more)"
    [ "$status" -gt 0 ] || status=1
    cat > "$results" << 'END'
FAILURE
END
  fi
  exit "$status"
}
main "$@"; exit
"""

# --- in the container -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Graded:
    """What came of a hand-in: results.json without the time, and whether we are to blame."""

    data: dict[str, Any] = field(repr=False)
    ours: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Grade the hand-in in the folder that Gradescope made; there is a results.json, come what may.

    arguments: that folder. 0: done; 1: it was not or not wholly graded, and that is our fault. What
    is printed is for the teacher only.
    """
    began = time.monotonic()
    (base,) = map(Path, sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        graded = _grade(base, take_rules(base / "source"))
    except Exception:
        traceback.print_exc(file=sys.stdout)
        graded = Graded(_failure(), ours=True)
    data = {**graded.data, "execution_time": round(time.monotonic() - began, 1)}
    write_atomically(base / "results" / "results.json", json.dumps(data, indent=1).encode())
    return FAILED if graded.ours else DONE


def take_rules(source: Path) -> Rules:
    """The rules of the zip, which are not on the disk any more when this returns.

    Raises EngineError if they are gone already, or were made for other checks.
    """
    try:
        data = json.loads((source / RULES).read_bytes())
        release = (source / RELEASE).read_bytes()
    except FileNotFoundError as error:
        raise EngineError(
            f"{error.filename} is gone: a container grades one hand-in, then it has no secret"
        ) from error
    for name in (RULES, RELEASE):
        (source / name).unlink()
    _keep_memory_private()
    settings = Settings(**data.pop("settings"))
    rules = Rules(release=release, settings=settings, **data)
    if rules.checks != checks_id():
        raise EngineError("the zip was made for other checks than are installed; export it anew")
    return rules


def _keep_memory_private() -> None:
    """No process without CAP_SYS_PTRACE may look into this one, same user or not (prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DUMPABLE, ctypes.c_ulong(0), 0, 0, 0)


def _grade(base: Path, rules: Rules) -> Graded:
    try:
        found = intake.read_hand_in(base / "submission", rules.name)
    except intake.UnreadableError as error:
        return _unreadable(str(error), rules)
    rules, warning = settled(rules)
    if warning:
        print(f"kischule: {warning}")
    record = grade_submission(rules, task_of(rules, found.content))
    flags = (*found.flags, *record.flags)
    print(f"kischule: {record.status}, {rules.settings.isolation}", *flags, sep="\n  ", flush=True)
    if record.status == "failed":
        return Graded(_failure(), ours=True)
    if record.status == "unreadable":
        return _unreadable(record.flags[-1], rules)
    return Graded(results_of(record, rules, flags), ours=not record.final)


def settled(rules: Rules) -> tuple[Rules, str]:
    """The rules with an isolation that this container gives, and a warning or "".

    Where the sandbox should start and does not, too, a plain process takes its place: nobody could
    follow the advice that `kischule grade` would give, and the container is thrown away.
    """
    try:
        settings, warning = settle(rules.settings)
    except IsolationError as error:
        settings, warning = replace(rules.settings, isolation="process"), str(error)
    return replace(rules, settings=settings), warning


def results_of(record: Record, rules: Rules, flags: Sequence[str]) -> dict[str, Any]:
    """results.json of a hand-in that was graded; its score is the sum of its tests."""
    graded = [r for r in record.results if r.level != "manual"]
    said = _outcomes(record.notebook, [r.grade_id for r in graded])
    names = list(dict.fromkeys(r.exercise for r in graded))
    by_hand = [r for r in record.results if r.level == "manual"]
    bonus = sum(r.points for r in graded if not r.max_points)
    lines = [_words("points", sum(r.points for r in graded), sum(r.max_points for r in graded))]
    if bonus:
        lines.append(_words("bonus", bonus))
    if by_hand:
        texts = ", ".join(r.exercise for r in by_hand)
        lines.append(_words("by_hand", texts, sum(r.max_points for r in by_hand)))
    if record.status in ("timeout", "memory"):
        lines.append(_words(record.status))
    if not record.final:
        lines.append(_words("check"))
    lines += _of_flags(flags)
    extra = {
        "kischule": metadata.version("kischule"),
        "seed_id": seed_id(rules.seed),
        "isolation": rules.settings.isolation,
        "status": record.status,
        "flags": list(flags),
        "seconds": record.parts,
    }
    tests = [_test(r, names.index(r.exercise) + 1, said.get(r.grade_id)) for r in graded]
    return {**_page(_both(lines), extra), "tests": tests}


def _test(result: TestResult, number: int, outcome: Mapping[str, Any] | None) -> dict[str, Any]:
    """One exercise and level. A bonus has a max_score of 0: its points come on top.

    Drawn cases are shown as well: their messages never tell a value.
    """
    levels = feedback.UI[result.level]
    return {
        "name": f"{load_exercise(result.exercise).title.de}: {levels.de} ({levels.en})",
        "number": f"{number}.{2 if result.level == 'drawn' else 1}",
        "score": result.points,
        "max_score": result.max_points,
        "status": "passed" if result.passed else "failed",
        "output": result.message if outcome is None else _told(outcome),
        "output_format": "text",
        "visibility": "visible",
        "extra_data": {"grade_id": result.grade_id, "kind": result.kind},
    }


def _outcomes(notebook: bytes, wanted: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """What the checks wrote into these test cells, by grade_id: in both languages, as no record."""
    found = {}
    for cell in json.loads(notebook)["cells"]:
        if cell["id"] in wanted:  # ids are intake's, so this is no cell of the student's
            for output in cell["outputs"]:
                if OUTCOME_MIME in output.get("data", {}):
                    found[cell["id"]] = output["data"][OUTCOME_MIME]
    return found


def _told(outcome: Mapping[str, Any]) -> str:
    parts = [outcome["head"], outcome["message"]]
    return _both(Words(part["de"], part["en"]) for part in parts if part["de"])


def _of_flags(flags: Sequence[str]) -> list[Words]:
    """Flags that a student can do something about, in words; one sentence a kind."""
    parts = [flag.partition(": ") for flag in flags]
    told = []
    for kind in ("missing", "doubled", "changed", "renamed"):
        if found := [what for k, _, what in parts if k == kind]:
            told.append(_words(kind, ", ".join(found)))
    return told


def _unreadable(reason: str, rules: Rules) -> Graded:
    print(f"kischule: unreadable: {reason}", flush=True)
    most = sum(r.max_points for r in results(intake.parse(rules.release)) if r.level != "manual")
    lines = [_words("unreadable", reason, rules.name), _words("points", 0, most)]
    return Graded({**_page(_both(lines), {"status": "unreadable"}), "score": 0.0})


def _failure() -> dict[str, Any]:
    return {**_page(_both([_words("ours")]), {"status": "failed"}), "score": 0.0}


def _page(output: str, extra: dict[str, Any]) -> dict[str, Any]:
    """What every results.json has; tests and a score come on top."""
    return {
        "output": output,
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": extra,
    }


if __name__ == "__main__":
    sys.exit(main())
