"""Gradescope: a zip that grades there as `kischule grade` does here.

The contract is Gradescope's, as of November 2026:

* gradescope-autograders.readthedocs.io/en/latest/specs: a zip with `setup.sh` (run once, when the
  image is built) and `run_autograder` (run for each submission) at its root; the folders `source`,
  `submission` and `results` beside the copied `run_autograder`; the fields of results.json.
* …/troubleshooting: 10 minutes a run, 768 MB and half a core unless the assignment's settings say
  more; "failed to execute correctly" is shown where results.json is missing or no JSON. An exit
  status is not mentioned. So there is always a results.json, which says whose fault it is, and
  where it is ours the status is 1 as well: the next one to look at the log is the teacher.
* …/best_practices: results.json also where the autograder fails, and how to hide what from whom.
* …/tech: each submission gets a fresh container of the image.

What a container of theirs does not give: namespaces, as a rule. The sandbox is `landlock` then, and
where Linux has none, nothing is graded, unless the course's configuration asks for isolation
`process`. Gradescope starts `run_autograder` as root: such a kernel is a process of the same user
as the grader's. Checks stay outside of it, the secret is gone from the disk and (unless the
container has CAP_SYS_PTRACE) cannot be read from the grader's memory, and the container is thrown
away. But hostile code can stop the grader and write a results.json of its own. A forged one does
not survive `kischule grade` on the same submissions: the seed is the same, and so is the grade.

Measured with all of A7_2: 1.4 GB at the peak in a sandbox, 1.3 GB without one. The memory that
Gradescope gives by default is too little: choose more in the assignment's autograder settings.

The zip holds the course's secret. It is for the teacher and for Gradescope, not for students.
"""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path

import autograder
import kischule
from autograder.course.adjustments import Adjustments
from autograder.course.ours import AssignmentError
from autograder.course.rules import rules_of
from autograder.files import write_atomically
from autograder.grading.record import EngineError, Rules
from autograder.grading.settings import Settings
from autograder.lms.gradescope_container import RELEASE, RULES, failure
from autograder.notebooks.editions import address_of
from autograder.notebooks.reader import parse
from kischule.i18n import INFORMAL, INFORMAL_LANGUAGE, addressing

SUBMISSION_LIMIT_S = 420.0  # Gradescope ends a run after 600, and then there is no result
PLAIN, EXECUTABLE, PRIVATE = 0o644, 0o755, 0o600
LEFT_OUT = ("autograder/_data/", "kischule/mini/train.py")  # of the wheel: not needed to grade


def export(course: Path, assignment: str, target: Path, seed_file: Path | None = None) -> list[str]:
    """Write the zip that Gradescope's "Configure Autograder" page takes; returns notes.

    It grades by the course's release and secret, so a submission gets the same grade as here. Only
    the owner may read it. seed_file: as for `kischule grade`.

    Raises AssignmentError, SeedError, or EngineError where kischule is not an installed package.
    """
    from autograder.course.commands import course_settings  # heavy: torch

    isolation = course_settings(course).isolation
    settings = Settings(submission_limit_s=SUBMISSION_LIMIT_S, isolation=isolation)
    rules, *more = rules_of(course.resolve(), assignment, settings, seed_file)
    if more:
        names = ", ".join(each.name for each in (rules, *more))
        raise AssignmentError(
            f"a zip for Gradescope grades one notebook, {assignment} has: {names}; each can be an "
            "assignment of its own"
        )
    rules = replace(rules, settings=settings)
    # the container has `mini` alone, whose exercises come with the wheel
    name, wheel = build_wheel()
    files = {
        "setup.sh": (SETUP.encode(), EXECUTABLE),
        "run_autograder": (_run_script(address_of(parse(rules.release))).encode(), EXECUTABLE),
        RULES: (rules_json(rules), PRIVATE),
        RELEASE: (rules.release, PLAIN),
        name: (wheel, PLAIN),
    }
    write_atomically(target, _zipped(files), private=True)
    notes = ["in Gradescope's autograder settings choose at least 2 GB of memory"]
    adjusted = Adjustments.of(course, assignment).in_force
    return [*notes, *(f"not on Gradescope: {entry}" for entry in adjusted)]


def _run_script(address: str) -> str:
    """The script that grades, with its messages in German that says Sie or du."""
    with addressing(address):
        told = json.dumps(failure())
    spoken = INFORMAL_LANGUAGE if address == INFORMAL else "de"
    return RUN.replace("SPOKEN", spoken).replace("FAILURE", told)


def rules_json(rules: Rules) -> bytes:
    """The rules, but for the release, as `take_rules` reads them."""
    data = {n: v for n, v in asdict(rules).items() if n not in ("release", "variants")}
    data["files"] = {name: base64.b64encode(text).decode() for name, text in rules.files.items()}
    return json.dumps(data, indent=1).encode()


def build_wheel() -> tuple[str, bytes]:
    """Build a wheel of kischule as it runs here, from a checkout or an install: name and content.

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
    """Read the files of both packages, by their names in a wheel."""
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
    """Make a wheel's list of files: packaging.python.org, "Recording installed projects"."""
    lines = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    return "".join([*lines, f"{own},,\n"]).encode()


def _zipped(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    """Zip files, given as content and permissions by name; equal files make equal bytes."""
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
# a failing import should stop this build, not the first submission
"$here/venv/bin/python" -I -c "import autograder.lms.gradescope_container, torch, transformers"
"""

RUN = """#!/usr/bin/env bash
# Gradescope runs this for each submission, in a fresh container. bash reads all of it before it
# begins, so that a submission's changes to this file come too late.
export KISCHULE_LANGUAGE=SPOKEN
main() {
  local base results status
  base="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
  [ -d "$base/source" ] || base=/autograder
  results="$base/results/results.json"
  mkdir -p "$base/results"
  rm -f "$results"
  "$base/source/venv/bin/python" -I -m autograder.lms.gradescope_container "$base"
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
