"""Gradescope's zip, in folders laid out as its containers have them, and run as it runs it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import nbformat
import pytest
from attacks import small
from support.notebooks import EXERCISES, ROOT

from autograder.checking.result import Message, Result
from autograder.course import release
from autograder.course.rules import rules_of
from autograder.exercises.exercise import Level, read_exercise
from autograder.grading.isolation import IsolationError
from autograder.grading.record import EngineError, Record, Rules, Status, Task
from autograder.grading.settings import Settings
from autograder.grading.store import seed_id
from autograder.grading.submission import checks_id
from autograder.lms import gradescope
from autograder.lms import gradescope_container as grader
from autograder.notebooks.cells import metadata_of
from autograder.notebooks.flags import Flag, FlagKind
from kischule.i18n import Text

SECRET = "a secret of sixteen and more"
WRONG = "def repetition_rate(token_ids, n):\n    return 0.5"
LOOK = """import json, os, pathlib
base = pathlib.Path({base!r})
seen = {{"files": sorted(p.name for p in (base / "source").iterdir())}}
try:
    open(f"/proc/{{os.getppid()}}/mem", "rb")
    seen["memory"] = "open"
except OSError as error:
    seen["memory"] = type(error).__name__
(base / "seen").write_text(json.dumps(seen))"""


@dataclass
class Container:
    """Gradescope's /autograder; one for all tests, tidied up before each run."""

    base: Path
    package: Path  # the zip
    released: Any

    def unpack(self) -> None:
        for name in ("submission", "results"):
            shutil.rmtree(self.base / name, ignore_errors=True)
        (self.base / "submission").mkdir(parents=True)
        (self.base / "seen").unlink(missing_ok=True)
        source = self.base / "source"
        with zipfile.ZipFile(self.package) as packed:
            packed.extractall(source)
            for entry in packed.infolist():
                (source / entry.filename).chmod(entry.external_attr >> 16 & 0o777)
        shutil.copy(source / "run_autograder", self.base)

    def submission(self, notebook: Any) -> None:
        path = self.base / "submission" / small.NAME
        path.write_text(json.dumps(notebook), encoding="utf-8")

    def set(self, **settings: Any) -> None:
        path = self.base / "source" / grader.RULES
        rules = json.loads(path.read_text())
        rules["settings"].update(settings)
        path.write_text(json.dumps(rules))

    def run(self, *prefix: str) -> tuple[int, dict[str, Any], str]:
        """Exit status, results.json, and the output that the teacher alone can see."""
        done = subprocess.run(
            [*prefix, str(self.base / "run_autograder")],
            cwd=self.base,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, self.results(), done.stdout

    def results(self) -> dict[str, Any]:
        results = json.loads((self.base / "results" / "results.json").read_text())
        well_formed(results)
        return results


def clean_environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}


def well_formed(results: dict[str, Any]) -> None:
    """The fields of the specification, and no others."""
    assert set(results) <= {
        *("score", "execution_time", "output", "output_format", "visibility"),
        *("stdout_visibility", "extra_data", "tests"),
    }
    assert results["stdout_visibility"] == "hidden"
    assert results["output_format"] == "text"
    assert results.get("execution_time", 0) >= 0
    assert ("score" in results) != ("tests" in results)
    for test in results.get("tests", []):
        assert set(test) == {
            *("name", "number", "score", "max_score", "status", "output", "output_format"),
            *("visibility", "extra_data"),
        }
        assert test["status"] in ("passed", "failed")
        assert test["visibility"] == "visible"
    assert SECRET not in json.dumps(results)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = tmp_path_factory.mktemp("gradescope").resolve() / "course"
    small.make(course)
    (course / "secret").write_text(SECRET)
    return course


@pytest.fixture(scope="module")
def package(course: Path) -> Path:
    target = course.parent / "small.zip"
    gradescope.export(course, "small", target, course / "secret")
    return target


@pytest.fixture(scope="module")
def built(course: Path, package: Path) -> Container:
    """The container with a light environment: the zip's wheel alone, and this one's libraries."""
    released = release.read_notebook(release.registered(course, "small")[0])
    made = Container(course.parent / "autograder", package, released)
    made.unpack()
    light_environment(made.base / "source" / "venv")
    (wheel,) = (made.base / "source").glob("*.whl")
    python = str(made.base / "source" / "venv" / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-compile"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    return made


def light_environment(folder: Path) -> None:
    venv.create(folder, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    libraries = next(p for p in sys.path if p.endswith("site-packages"))
    # two lines: they can be imported (their .pth files, and so this checkout, are not followed),
    # and the sandbox, which shows what `site` names, shows them as well
    prefix = str(Path(libraries).parents[2])
    (packages / "libraries.pth").write_text(
        f"{libraries}\nimport site; site.PREFIXES.append({prefix!r})\n"
    )


@pytest.fixture
def container(built: Container) -> Iterator[Container]:
    built.unpack()
    return built


def solved(container: Container, **replaced: str) -> Any:
    notebook = small.submission(container.released, None, {})
    for cell in notebook.cells:
        cell.source = replaced.get(metadata_of(cell).get("grade_id", ""), cell.source)
    return notebook


# --- the zip --------------------------------------------------------------------------------------


def test_the_zip_holds_all_that_gradescope_runs(package: Path) -> None:
    with zipfile.ZipFile(package) as packed:
        modes = {e.filename: e.external_attr >> 16 & 0o777 for e in packed.infolist()}
        assert all(e.create_system == 3 for e in packed.infolist())
        run, setup = (packed.read(n).decode() for n in ("run_autograder", "setup.sh"))
    wheel = f"kischule-{metadata.version('kischule')}-py3-none-any.whl"
    assert modes == {
        "setup.sh": 0o755,
        "run_autograder": 0o755,
        "rules.json": 0o600,
        "release.ipynb": 0o644,
        wheel: 0o644,
    }
    assert package.stat().st_mode & 0o777 == 0o600
    for script in (run, setup):
        assert script.startswith("#!/usr/bin/env bash\n")
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
        assert str(ROOT) not in script
        assert "http" not in script


def test_the_zip_grades_by_the_rules_of_the_course(course: Path, package: Path) -> None:
    rules = rules_of(course, "small", Settings(), course / "secret")[0]
    with zipfile.ZipFile(package) as packed:
        data = json.loads(packed.read("rules.json"))
        content = packed.read("release.ipynb")
    settings = Settings(**data.pop("settings"))
    exercises = {name: read_exercise(e, "rules") for name, e in data.pop("exercises").items()}
    assert exercises == rules.exercises
    again = Rules(release=content, settings=settings, exercises=exercises, **data)
    assert again.key == rules.key
    assert settings == replace(rules.settings, submission_limit_s=gradescope.SUBMISSION_LIMIT_S)
    assert settings.isolation == "auto"
    assert settings.total_limit_s <= 600 - 2 * settings.time_limit_s  # Gradescope's own limit


def test_the_same_course_gives_the_same_zip(course: Path, package: Path) -> None:
    again = course.parent / "again.zip"
    gradescope.export(course, "small", again, course / "secret")
    assert again.read_bytes() == package.read_bytes()


def test_the_wheel_is_what_runs_here_and_its_record_is_right() -> None:
    name, content = gradescope.build_wheel()
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        files = {n: wheel.read(n) for n in wheel.namelist()}
    info = name.split("-py3")[0] + ".dist-info"
    rows = {n: (digest, size) for n, digest, size in csv.reader(_lines(files[f"{info}/RECORD"]))}
    assert set(rows) == set(files)
    for path, data in files.items():
        if not path.endswith("/RECORD"):
            digest = urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            assert rows[path] == (f"sha256={digest}", str(len(data)))
    for path in ("autograder/lms/gradescope.py", "kischule/mini/model.safetensors"):
        assert files[path] == (ROOT / path).read_bytes()
    assert f"{info}/licenses/LICENSE" in files
    assert b"autograder.cli:main" in files[f"{info}/entry_points.txt"]
    assert not [p for p in files if "__pycache__" in p or p.endswith("train.py")]
    assert not [p for p in files if p.startswith(("autograder/_data", "tests"))]


def _lines(content: bytes) -> list[str]:
    return content.decode().splitlines()


def test_a_package_that_is_not_installed_cannot_be_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: str) -> None:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(gradescope.metadata, "distribution", gone)
    with pytest.raises(EngineError, match="kischule must be installed: pip install"):
        gradescope.build_wheel()


# --- a submission ---------------------------------------------------------------------------------


def test_the_reference_gets_all_points(container: Container) -> None:
    container.submission(solved(container))
    status, results, log = container.run()
    assert status == 0, log
    assert sum(test["score"] for test in results["tests"]) == small.ALL
    assert sum(test["max_score"] for test in results["tests"]) == small.ALL
    assert {test["status"] for test in results["tests"]} == {"passed"}
    assert [t["number"] for t in results["tests"]] == ["1.1", "1.2", "2.1", "2.2", "3.1", "3.2"]
    assert "7 von 7 Punkten" in results["output"]
    assert "7 of 7 points" in results["output"]
    assert "observation_greedy" in results["output"]  # it waits for the teacher
    assert "bestanden" in results["tests"][0]["output"]
    assert results["extra_data"]["seed_id"] == seed_id(SECRET)
    assert not (container.base / "source" / grader.RULES).exists()


def test_without_a_sandbox_the_secret_is_gone_before_a_student(
    container: Container,
) -> None:
    """In the same run: a wrong reply is explained, a hidden case's values are not."""
    made = solved(container, repetition_rate=WRONG)
    made.cells = [c for c in made.cells if metadata_of(c).get("grade_id") != "filter_top_k"]
    look = LOOK.format(base=str(container.base))
    made.cells.insert(0, nbformat.v4.new_code_cell(look, id="look"))
    container.submission(made)
    container.set(isolation="process")
    drop = ["setpriv", "--inh-caps=-sys_ptrace", "--bounding-set=-sys_ptrace"]
    can_drop = os.getuid() == 0 and shutil.which("setpriv") is not None
    status, results, log = container.run(*(drop if can_drop else []))
    assert status == 0, log
    seen = json.loads((container.base / "seen").read_text())
    assert "setup.sh" in seen["files"]
    assert not {grader.RULES, grader.RELEASE} & set(seen["files"])
    assert seen["memory"] == "PermissionError" or not can_drop

    by_id = {t["extra_data"]["grade_id"]: t for t in results["tests"]}
    public, hidden = by_id["test_repetition_rate"], by_id["hidden_repetition_rate"]
    assert (
        (public["status"], public["score"]) == (hidden["status"], hidden["score"]) == ("failed", 0)
    )
    assert "Erhalten: 0.5" in public["output"]
    assert "Got: 0.5" in public["output"]
    assert "Ein Wert stimmt nicht." in hidden["output"]
    assert "0.5" not in hidden["output"]
    assert "Es fehlen Zellen, und die leeren der Vorlage zählen: filter_top_k." in results["output"]
    assert by_id["test_encode_prompt"]["status"] == "passed"


@pytest.fixture
def here(container: Container, monkeypatch: pytest.MonkeyPatch) -> Container:
    """For `main` in this process, which stays as it is: nothing of a student's runs in it."""
    monkeypatch.setattr(grader, "_keep_memory_private", lambda: None)
    return container


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        (small.NAME, b"{", ("not JSON", "kein JSON")),
        (small.NAME, b"[1]", ("not a notebook", "kein Notebook")),
        (
            "essay.pdf",
            b"%PDF",
            (
                "the folder must hold small.ipynb, was: no notebook",
                "der Ordner muss small.ipynb enthalten, war: kein Notebook",
            ),
        ),
    ],
)
def test_an_unreadable_submission_gets_0_points_and_the_reason(
    here: Container,
    name: str,
    content: bytes,
    why: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(grader, "settle", lambda settings: (settings, ""))
    (here.base / "submission" / name).write_bytes(content)
    assert grader.main([str(here.base)]) == 0
    results = here.results()
    assert results["score"] == 0
    assert all(reason in results["output"] for reason in why)
    assert "Geben Sie das Notebook small.ipynb ab" in results["output"]
    assert "0 von 7 Punkten" in results["output"]
    assert why[0] in capsys.readouterr().out


def test_a_failure_of_ours_is_reported_as_ours(
    here: Container, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(_: Rules, task: Task) -> Record:
        return Record.failed(task.key, "no kernel")

    monkeypatch.setattr(grader, "settle", lambda settings: (settings, "no sandbox here"))
    monkeypatch.setattr(grader, "grade_submission", failing)
    here.submission(solved(here))
    for reason in (
        "no sandbox here\nkischule: failed",
        "rules.json is gone: a container grades one submission",
    ):
        assert grader.main([str(here.base)]) == 1
        results = here.results()
        assert results["score"] == 0
        assert "nicht Ihr Fehler" in results["output"]
        assert "not your mistake" in results["output"]
        assert reason in capsys.readouterr().out


@pytest.mark.parametrize(("ends", "status"), [("kill -9 $$", 137), ("exit 0", 1), ("exit 1", 1)])
def test_a_grader_that_stops_early_leaves_results(
    package: Path, tmp_path: Path, ends: str, status: int
) -> None:
    made = Container(tmp_path, package, None)
    made.unpack()
    python = tmp_path / "source" / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{ends}\n")
    python.chmod(0o755)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "results.json").write_text('{"score": 7}')  # not ours
    exited, results, log = made.run()
    assert (exited, results["score"]) == (status, 0)
    assert "nicht Ihr Fehler" in results["output"]
    assert "137: killed, often for want of memory" in log


# --- without a container --------------------------------------------------------------------------

RULES = Rules("n.ipynb", b"", SECRET, "", Settings(), EXERCISES)


def test_nothing_is_graded_where_no_sandbox_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Settings) -> None:
        raise IsolationError("no namespaces here")

    monkeypatch.setattr(grader, "settle", refused)
    with pytest.raises(IsolationError, match="no namespaces here"):
        grader.settled(RULES)


def test_a_bonus_comes_on_top_and_an_early_end_is_explained() -> None:
    bonus = Result(
        exercise="beam_search",
        level=Level.PUBLIC,
        passed=True,
        points=2.0,
        max_points=2.0,
        bonus=True,
    )
    late = Result(
        exercise="explore",
        level=Level.PUBLIC,
        passed=False,
        points=0.0,
        max_points=3.0,
        kind="timeout",
        message=Message(sentence=Text("zu spät", "too late")),
    )
    check = Result(
        exercise="explore",
        level=Level.HIDDEN,
        passed=None,
        points=0.0,
        max_points=1.0,
        kind="ours",
        message=Message(sentence=Text("unsere Schuld", "our fault")),
    )
    flags = (
        Flag(FlagKind.CHECK_FAILED, cell="hidden_explore"),
        Flag(FlagKind.RENAMED, reason="mine.ipynb"),
        Flag(FlagKind.KERNEL_ENDED, cell="a", reason="died"),
        Flag(FlagKind.CHANGED, cell="question_a"),
        Flag(FlagKind.CHANGED, cell="question_b"),
    )
    record = Record(
        key="k",
        status=Status.TIMEOUT,
        seconds=1.0,
        flags=flags,
        results=(bonus, late, check),
        notebook=json.dumps({"cells": []}).encode(),
    )
    results = grader.results_json(record, RULES, flags)
    first, second, third = results["tests"]
    assert (first["score"], first["max_score"], first["status"]) == (2.0, 0.0, "passed")
    assert second["output"] == (
        "explore (Beispiele): noch nicht bestanden, 0 von 3 Punkten\nzu spät\n\n"
        "explore (examples): not passed yet, 0 of 3 points\ntoo late"
    )
    assert second["status"] == "failed"
    assert (third["number"], third["status"]) == ("2.2", "failed")
    for words in (
        "2 von 4 Punkten",
        "2 Zusatzpunkte",
        "mehr Zeit",
        "Fehler",
        "mine.ipynb",
        "question_a, question_b",
    ):
        assert words in results["output"], words
    assert "kernel" not in results["output"]


def test_rules_for_other_checks_are_refused(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(grader, "_keep_memory_private", lambda: None)
    data = {"name": "n", "seed": SECRET, "checks": "others", "settings": {}}
    (tmp_path / grader.RULES).write_text(json.dumps(data))
    (tmp_path / grader.RELEASE).write_bytes(b"{}")
    with pytest.raises(EngineError, match="made for other checks than are installed"):
        grader.take_rules(tmp_path)
    assert not list(tmp_path.iterdir())


def test_plain_tests_and_files_travel(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(grader, "_keep_memory_private", lambda: None)
    rules = Rules(
        name="n.ipynb",
        release=b"{}",
        seed=SECRET,
        checks=checks_id(),
        settings=Settings(),
        tests={"hidden": "assert double(-1) == -2"},
        files={"data.bin": b"\0\xff"},
    )
    (tmp_path / grader.RULES).write_bytes(gradescope.rules_json(rules))
    (tmp_path / grader.RELEASE).write_bytes(rules.release)
    assert grader.take_rules(tmp_path) == rules


@pytest.mark.slow
def test_setup_makes_an_environment_that_grades(package: Path, course: Path, built: Any) -> None:
    """For real: pip resolves and installs all of it, torch included."""
    made = Container(course.parent / "for real", package, built.released)
    made.unpack()
    environment = {**clean_environment(), "PYTHON": sys.executable}
    setup = ["bash", str(made.base / "source" / "setup.sh")]
    done = subprocess.run(setup, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    made.submission(solved(made))
    status, results, log = made.run()
    assert status == 0, log
    assert sum(test["score"] for test in results["tests"]) == small.ALL
