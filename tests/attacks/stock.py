"""The attacks on stock nbgrader: `python tests/attacks/stock.py [NAME ...]` writes README.md here.

Not a test: it takes twenty minutes, and runs hostile code without this project's engine. So that
it harms nobody, each run is in a bubblewrap of its own (process, network and ipc namespaces, a
temporary home, limits); nbgrader itself is as it comes, with its default configuration.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from attacks import small, structure, table

CONFIG = "c = get_config()\nc.CourseDirectory.course_id = 'stock'\nc.Execute.timeout = 10\n"
CONFIG += "c.ClearMarkScheme.enforce_metadata = False\n"
TIME_LIMIT_S = 60
SECRET = "5ec4e7" * 11
ACTS = ("<script>", "onerror=", "javascript:", "<iframe", "https://example.org", "<svg")


def command(home: Path, arguments: list[str], seconds: int = TIME_LIMIT_S) -> tuple[int, str]:
    """nbgrader in a jar; its exit status (124: too long) and what it says."""
    binaries = Path(sys.executable).parent
    jar = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-pid"]
    jar += ["--tmpfs", "/tmp", "--bind", str(home), str(home)]
    jar += ["--unshare-net", "--unshare-ipc", "--die-with-parent", "--chdir", str(home / "course")]
    limits = ["prlimit", f"--as={12 << 30}", f"--fsize={1 << 30}"]
    script = (
        '"$@"; status=$?; '
        'echo LEFT $(ps -e -o comm= | grep -cvE "^(bwrap|sh|ps|grep|prlimit)"); exit $status'
    )
    try:
        done = subprocess.run(
            [
                *_few_processes(home),
                *jar,
                *limits,
                "sh",
                "-c",
                script,
                "sh",
                str(binaries / "nbgrader"),
                *arguments,
            ],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            env={
                "PATH": f"{binaries}:/usr/bin:/bin",
                "HOME": str(home),
                "LANG": "C.UTF-8",
                "OMP_NUM_THREADS": "1",
                "PYTHONPATH": str(home / "site"),
                "SECRET_OF_THE_TEACHER": "SECRET_OF_THE_TEACHER",
            },
        )
    except subprocess.TimeoutExpired:
        return 124, ""
    return done.returncode, done.stdout + done.stderr


def _few_processes(home: Path) -> list[str]:
    """Where a cgroup (v1) can be made: at most 256 processes, which rlimits do not do for root."""
    group = Path("/sys/fs/cgroup/pids") / home.name
    try:
        group.mkdir(exist_ok=True)
        (group / "pids.max").write_text("256")
    except OSError:
        return []
    return ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(group / "cgroup.procs")]


def prepare(home: Path) -> Any:
    course = home / "course"
    course.mkdir(parents=True)
    (home / "site").mkdir()
    small.make(course)
    (course / "nbgrader_config.py").write_text(CONFIG)
    status, said = command(home, ["generate_assignment", "small"])
    assert status == 0, said
    released = json.loads((course / "release" / "small" / small.NAME).read_text())
    import nbformat

    return nbformat.from_dict(released)


def known(home: Path) -> dict[str, str]:
    course = str(home / "course")
    return {"COURSE": course, "PORT": "1", "HALFSECRET": SECRET[:32], "HOMEDIR": str(home)}


def tried(name: str, base: Path) -> tuple[str, str]:
    """An attack's name in the table, and what came of it."""
    home = Path(tempfile.mkdtemp(prefix="stock-", dir=base))
    shutil.rmtree(home)
    shutil.copytree(base / "made", home, symlinks=True)
    course = home / "course"
    import nbformat

    released = nbformat.read(course / "release" / "small" / small.NAME, as_version=4)
    deserved = small.SOLVED
    if name in structure.EXPECT:
        attack = small.Attack(name, "", "pass", "first")
        deserved = structure.EXPECT[name].get("score", deserved)
    else:
        attack = next(a for a in small.attacks() if a.name == name)
        deserved += "public" in attack.expect
    small.write(course, "honest", small.submission(released, None, known(home)))
    notebook = json.loads(json.dumps(small.submission(released, attack, known(home))))
    path = small.write(course, "attack", notebook)
    if name in structure.EXPECT:
        structure.apply(name, notebook, path)
    watched = [
        course / "nbgrader_config.py",
        course / "submitted" / "honest" / "small" / small.NAME,
    ]
    before = [file.read_bytes() for file in watched]
    status, said = command(home, ["autograde", "small"])
    came: list[str] = []
    got = small.points(course)
    if got.get("attack", 0.0) > deserved:
        came.append(f"{got['attack']:g} points, deserved {deserved:g}")
    if status == 124:
        came.append(f"not finished after {TIME_LIMIT_S} s")
    # one line on stderr costs a submission its points: with all well the honest one has them
    if got.get("honest", 0.0) != small.ALL:
        came.append("the next student is not graded, or with another score")
    graded = course / "autograded" / "attack" / "small" / small.NAME
    if graded.is_file() and graded.stat().st_size < 50_000_000:
        text = graded.read_text(errors="replace")
        try:
            cells = json.loads(text)["cells"]
        except ValueError:
            cells = []
        outputs = json.dumps([c.get("outputs", []) for c in cells])
        # not in a traceback, which quotes the cell
        printed = [o.get("text", "") for c in cells for o in c.get("outputs", [])]
        if "FOUND" in json.dumps(printed):
            came.append("found what it looked for")
        if name.startswith("markup/") and any(word in outputs for word in ACTS):
            came.append("markup goes to the browser as it is")
        if len(text) > 3_000_000:
            came.append(f"{len(text) / 1e6:.0f} MB of output kept")
    if [file.read_bytes() if file.is_file() else b"" for file in watched] != before:
        came.append("changed the course or a classmate's file")
    new = [
        *course.rglob("was-here"),
        *home.rglob("00-kischule-attack.py"),
        *course.rglob("secrets.py"),
    ]
    if new:
        came.append(f"left {new[0].name} behind")
    left = [line for line in said.splitlines() if line.startswith("LEFT ")]
    if left and int(left[-1].split()[1]) > 0:
        came.append("left processes running")
    shutil.rmtree(home, ignore_errors=True)
    named = f"structure/{name}" if name in structure.EXPECT else name
    return named, "; ".join(came) or table.NOTHING


def main() -> None:
    names = [a.name for a in small.attacks()] + list(structure.EXPECT)
    chosen = sys.argv[1:] or names
    with tempfile.TemporaryDirectory(prefix="kischule-stock-") as temporary:
        base = Path(temporary).resolve()
        prepare(base / "made")
        with ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
            found = table.stock_column() if sys.argv[1:] else {}
            for name, came in pool.map(lambda n: tried(n, base), chosen):
                print(f"{name}: {came}", flush=True)
                found[name] = came
    table.README.write_text(table.table(found), encoding="utf-8")


if __name__ == "__main__":
    main()
