"""Students' machines: the wheel alone in a fresh environment, any Python, no network, Colab.

The slow tests make virtual environments, which cost minutes and up to 6 GB while they last. An
interpreter that is not here is skipped; so is a Python whose torch the package index has only with
CUDA (a download of 3 GB), unless KISCHULE_DOWNLOADS=1 is set:

    KISCHULE_DOWNLOADS=1 .venv/bin/python -m pytest -m slow -n 1 tests/test_students.py
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from support.notebooks import EXERCISES, ROOT, SOURCE, filled

from autograder.exercises.exercise import PACKAGED, Level
from autograder.notebooks.cells import read_notebook, reference_of
from autograder.notebooks.exercises import exercises_in
from autograder.precheck.results import missing_exercises, results_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HOME = f"{sys.version_info.major}.{sys.version_info.minor}"  # where constraints.txt is from
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
DOWNLOADS = os.environ.get("KISCHULE_DOWNLOADS") == "1"
MEMORY = 1.5e9  # bytes that the kernel of a whole notebook may use; a school computer has 4 GB
CONSTRAINTS = ROOT / "constraints.txt"
OLDEST = "3.11.0"  # for make; Debian 12 has 3.11.2

# Colab's preinstalled packages, from pip-freeze.txt of github.com/googlecolab/backend-info: at
# commit f140424 of September 2026 (Python 3.13.15, Ubuntu 24.04), and for its past runtime 2026.01,
# which a notebook can choose, at commit bd8aaa4 (Python 3.12.12).
COLAB = {
    "2026.09": {
        "huggingface-hub": "1.29.0",
        "ipykernel": "6.17.1",
        "ipython": "7.34.0",
        "ipywidgets": "7.7.1",
        "jupyter-client": "7.4.9",
        "matplotlib": "3.10.0",
        "nbclient": "0.10.4",
        "nbformat": "5.11.1",
        "numpy": "2.1.3",
        "pillow": "11.3.0",
        "pyyaml": "6.0.3",
        "pyzmq": "26.2.1",
        "safetensors": "0.8.0",
        "tokenizers": "0.23.1",
        "torch": "2.11.0",
        "tornado": "6.5.7",
        "traitlets": "5.7.1",
        "transformers": "5.16.1",
    },
    "2026.01": {
        "ipykernel": "6.17.1",
        "ipywidgets": "7.7.1",
        "matplotlib": "3.10.0",
        "nbclient": "0.10.4",
        "nbformat": "5.10.4",
        "numpy": "2.0.2",
        "pyyaml": "6.0.3",
        "safetensors": "0.7.0",
        "torch": "2.9.0",
        "transformers": "4.57.6",
    },
}

# --- pyproject.toml ------------------------------------------------------------------------------


@cache
def project() -> dict[str, Any]:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return data["project"]


def needed() -> dict[str, Requirement]:
    """The requirements of `kischule[notebook]`, by their names."""
    lines = [*project()["dependencies"], *project()["optional-dependencies"]["notebook"]]
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r for r in found}


def lowest() -> dict[str, str]:
    """The lowest version of each that the ranges admit."""
    return {
        name: next(s.version for s in requirement.specifier if s.operator == ">=")
        for name, requirement in needed().items()
    }


def test_every_python_that_is_tested_is_named() -> None:
    prefix = "Programming Language :: Python :: "
    named = [c.removeprefix(prefix) for c in project()["classifiers"] if c.startswith(prefix)]
    assert tuple(named) == VERSIONS
    assert project()["requires-python"] == f">={VERSIONS[0]}"


def test_what_is_pinned_installs_on_the_oldest_python() -> None:
    pinned = {
        canonicalize_name(Requirement(line).name) for line in CONSTRAINTS.read_text().splitlines()
    }
    wanted = {
        name: each.metadata.get("Requires-Python", "")
        for each in metadata.distributions()
        if (name := canonicalize_name(each.name)) in pinned
    }
    assert len(wanted) > 100
    assert [n for n, python in wanted.items() if OLDEST not in SpecifierSet(python)] == []


@pytest.mark.parametrize(
    ("runtime", "renewed"), [("2026.09", set()), ("2026.01", {"transformers"})]
)
def test_colab_keeps_its_own_packages(runtime: str, renewed: set[str]) -> None:
    """An upgrade of torch is gigabytes, one of numpy or matplotlib needs a restart.

    transformers is imported by nobody before the notebook's first cell, so a new one needs none.
    """
    has = COLAB[runtime] | {"wcwidth": "0.2.6"}  # part of any IPython, in whatever version
    assert {n for n, r in needed().items() if not r.specifier.contains(has[n])} == renewed


# --- fresh environments --------------------------------------------------------------------------

# Brings up the loopback device of a new network, and becomes the command.
LOOPBACK = """
import fcntl, os, socket, struct, sys
with socket.socket() as some:
    fcntl.ioctl(some, 0x8914, struct.pack("16sh22x", b"lo", 1))  # SIOCSIFFLAGS: IFF_UP
os.execvp(sys.argv[1], sys.argv[1:])
"""

CELL_S = 120  # that a cell may take
TRAINING_S = {"A7_3.ipynb": 180}  # of the notebooks that say so

# Runs a notebook; a last cell tells how much memory the kernel has had.
RUN = """
import sys
import nbclient, nbformat
notebook = nbformat.read(sys.argv[1], 4)
notebook.cells.append(nbformat.v4.new_code_cell("print(open('/proc/self/status').read())"))
nbclient.NotebookClient(notebook, timeout=int(sys.argv[3]), kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""

NOWHERE = "http://127.0.0.1:9"  # where nobody listens


class Environment:
    """A fresh virtual environment in a folder, and commands in it."""

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        self.bin = folder / "venv" / "bin"
        self.variables = {
            k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")
        }
        self.run(python, "-m", "venv", str(folder / "venv"))
        self.install("--upgrade", "pip")  # an older one loads all of torch to read what it needs

    def run(self, *command: str, status: int = 0) -> str:
        """Return its stdout; with another exit status than 0 expected, its stderr."""
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=self.variables,
        )
        assert done.returncode == status, (done.stdout + done.stderr)[-3000:]
        return done.stdout if status == 0 else done.stderr

    def offline(self, name: str, *arguments: str) -> str:
        """A command of the environment without network."""
        python = str(self.bin / "python")
        apart = [*without_network(), python, "-c", LOOPBACK] if without_network() else []
        return self.run(*apart, str(self.bin / name), *arguments)

    def pip(self, *arguments: str) -> str:
        return self.run(str(self.bin / "python"), "-m", "pip", *arguments)

    def install(self, *arguments: str) -> str:
        return self.pip("install", "--quiet", *arguments)

    def versions(self) -> dict[str, str]:
        """name -> version of all that is installed."""
        listed = json.loads(self.pip("list", "--format", "json"))
        return {canonicalize_name(p["name"]): p["version"] for p in listed}

    def execute(self, notebook: Any, limit: int = CELL_S) -> tuple[Any, int]:
        """The notebook from top to bottom without network, and its kernel's memory in bytes."""
        began = time.monotonic()
        nbformat.write(notebook, self.folder / "todo.ipynb")
        self.offline("python", "-c", RUN, "todo.ipynb", "done.ipynb", str(limit))
        executed = read_notebook(self.folder / "done.ipynb")
        status = executed.cells.pop().outputs[0].text
        (peak,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        memory = int(peak.split()[1]) * 1024
        print(f"{len(executed.cells)} cells, {time.monotonic() - began:.0f} s, {memory:,} bytes")
        return executed, memory


@cache
def without_network() -> tuple[str, ...]:
    """The beginning of a command without network; empty where the system offers none."""
    prefix = ("unshare", "--user", "--map-root-user", "--net")
    able = shutil.which("unshare") and not subprocess.run([*prefix, "true"], check=False).returncode
    return prefix if able else ()


def interpreter(version: str) -> str | None:
    """One that starts: what is called python3.10 may be pyenv's, of which none is chosen."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    installed = sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)
    probe = "import ensurepip, ssl, sys, venv; print('%d.%d' % sys.version_info[:2])"
    for candidate in (sys.executable, shutil.which(f"python{version}"), *installed):
        if candidate is None:
            continue
        done = subprocess.run(
            [str(candidate), "-c", probe], capture_output=True, text=True, check=False
        )
        if done.stdout.strip() == version:
            return str(candidate)
    return None


def pinned_torch() -> str:
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith("torch=="))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Environment]:
    """Of the Python that the test's parameter names; gone after the test, for its size."""
    python = interpreter(request.param)
    if python is None:
        pytest.skip(f"there is no Python {request.param} here")
    if not Path("/proc/self/status").exists():
        pytest.skip("the kernel's memory is read from /proc")
    made = Environment(tmp_path, python)
    if not without_network():
        made.variables |= {"HF_HUB_OFFLINE": "1", "http_proxy": NOWHERE, "https_proxy": NOWHERE}
    try:
        if request.param != HOME and not DOWNLOADS and wants_cuda(made):
            pytest.skip(f"torch for Python {request.param} is 3 GB: KISCHULE_DOWNLOADS=1 loads it")
        yield made
    finally:
        shutil.rmtree(tmp_path / "venv")


def wants_cuda(environment: Environment) -> bool:
    report = environment.install("--dry-run", "--report", "-", pinned_torch())
    names = [i["metadata"]["name"] for i in json.loads(report)["install"]]
    return any(name.startswith("nvidia") for name in names)


def editions() -> list[Path]:
    return sorted((ROOT / "release").glob("*/*.ipynb"))


def solved(released: Path) -> Any:
    """A release with its reference solutions."""
    source = read_notebook(ROOT / "source" / released.parent.name / released.name)
    return filled(released, reference_of(source))


def stderr(notebook: Any) -> list[str]:
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    return [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"]


def assert_solved(notebook: Any) -> None:
    exercises = exercises_in(notebook, PACKAGED)
    found = [r for r in results_of(notebook, exercises) if r.level == Level.PUBLIC]
    assert [r.exercise for r in found if not r.passed] == []
    assert found
    assert missing_exercises(found, exercises) == []


@pytest.mark.slow
@pytest.mark.parametrize("environment", VERSIONS, indirect=True)
def test_the_wheel_alone_runs_the_notebook_from_top_to_bottom(
    environment: Environment, wheel: Path, request: pytest.FixtureRequest
) -> None:
    """Only the wheel and what it asks for, no nbgrader; the network is off after the install."""
    python = request.node.callspec.params["environment"]
    chosen = ["--constraint", str(CONSTRAINTS)] if python == HOME else [pinned_torch()]
    environment.install(*chosen, f"{wheel}[notebook]")
    environment.pip("check")
    assert "nbgrader" not in environment.versions()

    for released in editions():
        limit = TRAINING_S.get(released.name, CELL_S)
        executed, memory = environment.execute(solved(released), limit)
        assert_solved(executed)
        assert stderr(executed) == []
        assert memory < MEMORY
        nbformat.write(solved(released), environment.folder / released.name)
        assert "✗" not in environment.offline("kischule", "check", released.name)

    executed, _ = environment.execute(read_notebook(SOURCE))  # its hidden cases as well
    assert sum(r.points for r in results_of(executed, EXERCISES)) == 52
    refusal = environment.run(str(environment.bin / "kischule"), "demo", status=2)
    assert "pip install 'kischule[teacher]'" in refusal


@pytest.mark.slow
@pytest.mark.parametrize("environment", [HOME], indirect=True)
def test_the_first_cell_installs_the_package_alone_in_colab(
    environment: Environment, wheel: Path
) -> None:
    """Colab's packages, but for its Python and its torch; the index is a folder with the wheel."""
    colab = {n: v for n, v in COLAB["2026.09"].items() if n != "torch"}
    pins = [f"{name}=={version}" for name, version in colab.items()]
    environment.install(pinned_torch(), *pins)
    before = environment.versions()
    environment.variables |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel.parent)}
    executed, memory = environment.execute(solved(editions()[0]))
    assert_solved(executed)
    assert stderr(executed) == []
    assert memory < MEMORY
    after = environment.versions()
    assert after.pop("kischule")
    assert after == before


@pytest.mark.slow
@pytest.mark.parametrize("environment", ["3.11"], indirect=True)
def test_the_lowest_versions_are_enough(environment: Environment, wheel: Path) -> None:
    """The lowest version of each range, all together; torch's own with KISCHULE_DOWNLOADS=1 only.

    transformers before 5.13 warns of the attention mask it makes: stderr is not looked at.
    """
    versions = lowest()
    if not DOWNLOADS:
        versions["torch"] = pinned_torch().removeprefix("torch==")
    pins = [f"{name}=={version}" for name, version in versions.items()]
    environment.install(*pins, f"{wheel}[notebook]")
    executed, _ = environment.execute(solved(editions()[0]))
    assert_solved(executed)
