"""Partial copies beside Dolos: prints the table of BENCHMARKS.md, "Similar submissions".

    python benchmarks/bench_copies.py

Needs node and npm. Dolos (`@dodona/dolos-lib`) is installed into `.dolos/` at the first run; one of
its parsers is built with node-gyp, which needs a C++ compiler. Both get the same generated class of
300 (`tests/support/copies.py`), in which some have copied from others. Dolos compares whole files,
as a teacher would hand them over, and is told to ignore the release's code; as it says nothing of a
threshold, it gets the best one there is: just above the most similar honest pair of the class.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support import copies  # noqa: E402
from support.notebooks import A7_2  # noqa: E402

from autograder.reports import similar  # noqa: E402

DOLOS, VERSION = ROOT / ".dolos", "3.5.1"
CLASS, COPIES = 300, 60
EXERCISES = (5, 8, 15)  # copied, of 15

RUN_DOLOS = """
import { Dolos, File } from "@dodona/dolos-lib";
import { readFileSync } from "node:fs";
const { files, release } = JSON.parse(readFileSync(0, "utf8"));
const dolos = new Dolos({ language: "python" });
const made = Object.entries(files).map(([name, text]) => new File(name + ".py", text));
const report = await dolos.analyze(made, "class", new File("release.py", release));
const found = report.allPairs().map((p) => [p.leftFile.path, p.rightFile.path, p.similarity]);
console.log(JSON.stringify(found));
"""


def install() -> None:
    """Put Dolos into `.dolos/`, once."""
    if not (DOLOS / "ready").exists():
        DOLOS.mkdir(exist_ok=True)
        (DOLOS / "package.json").write_text('{"name": "compare", "private": true}')
        for command in (["install", f"@dodona/dolos-lib@{VERSION}"], ["rebuild"]):
            subprocess.run(["npm", *command, "--ignore-scripts=false"], cwd=DOLOS, check=True)
        (DOLOS / "run.mjs").write_text(RUN_DOLOS)
        (DOLOS / "ready").touch()


def of_dolos(students: Sequence[copies.Cells]) -> dict[tuple[int, int], float]:
    """The similarity of each pair."""
    files = {str(i): joined(cells) for i, cells in enumerate(students)}
    told = json.dumps({"files": files, "release": joined(copies.release())})
    done = subprocess.run(
        ["node", "run.mjs"], cwd=DOLOS, input=told, capture_output=True, text=True, check=True
    )
    found = {}
    for left, right, similarity in json.loads(done.stdout):
        a, b = sorted((int(Path(left).stem), int(Path(right).stem)))
        found[a, b] = float(similarity)
    return found


def of_ours(students: Sequence[copies.Cells]) -> set[tuple[int, int]]:
    """The pairs that are listed."""
    named = {f"{i:03}": cells for i, cells in enumerate(students)}
    found = similar.pairs(named, copies.release(), A7_2, max_pairs=CLASS**2)
    return {(int(pair.students[0]), int(pair.students[1])) for pair in found}


def joined(cells: copies.Cells) -> str:
    """The code of a notebook as one file, exercises in their order."""
    return "\n\n\n".join(cells[name] for name in A7_2 if name in cells)


def main() -> None:
    """Print the table."""
    install()
    honest = copies.honest_class(CLASS, 11)
    print(f"| {COPIES} copies in a class of {CLASS} | found by kischule | found by Dolos |")
    print("|---|---:|---:|")
    notes = []
    for count in EXERCISES:
        students, made = copies.with_copies(honest, COPIES, count, 12)
        copied = set(made)
        began = time.perf_counter()
        ours = of_ours(students)
        between = time.perf_counter()
        theirs = of_dolos(students)
        ended = time.perf_counter()
        threshold = max(share for pair, share in theirs.items() if pair not in copied)
        best = sum(theirs[pair] > threshold for pair in copied)
        print(f"| {count} of 15 exercises, disguised | {len(ours & copied)} | {best} |")
        notes.append(
            f"{count} of 15: honest pairs shown: kischule {len(ours - copied)}, Dolos 0 above "
            f"{threshold:.2f} (at 0.5: {sum(theirs[p] > 0.5 for p in copied)} copies, "
            f"{sum(s > 0.5 for p, s in theirs.items() if p not in copied)} honest); seconds: "
            f"{between - began:.1f} and {ended - between:.1f}"
        )
    print("\n".join(["", *notes]))


if __name__ == "__main__":
    main()
