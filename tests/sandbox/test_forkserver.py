"""The fork server and its kernels, as nbclient, jupyter and the worker use them."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from attacks import small
from nbclient import NotebookClient
from support import docker
from support.notebooks import ROOT

from autograder.grading import isolation, servers
from autograder.grading.settings import SANDBOXES
from autograder.sandbox import forkserver
from autograder.sandbox.namespaces import Limits
from autograder.sandbox.syscalls import SandboxError

HIDDEN_MODULES = (
    *("exercises.oracle", "exercises.exercise", "exercises.misconceptions", "exercises.generate"),
    *("checking.judge", "checking.check", "checking.registry", "checking.stored"),
    *("grading.worker", "notebooks.cells"),
)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the fork server needs Linux")


@pytest.fixture(autouse=True, scope="module")
def _kernelspec() -> Iterator[None]:
    """As if it were installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(ROOT / "autograder" / "grading"))
        yield


def ran(*sources: str) -> list[str]:
    """Run cells in a kernel from the fork server, by nbclient alone; returns what they print."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    NotebookClient(notebook, kernel_name="kischule", timeout=20, allow_errors=True).execute()
    return ["".join(o.get("text", o.get("evalue", "")) for o in c.outputs) for c in notebook.cells]


def _kernels(server: servers.Server) -> list[psutil.Process]:
    (inner,) = psutil.Process(server.pid).children()
    found: list[psutil.Process] = inner.children(recursive=True)
    return found


def _gone(server: servers.Server) -> bool:
    deadline = time.monotonic() + 5
    while _kernels(server) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _kernels(server)


def test_nbclient_gets_a_kernel_with_everything_loaded() -> None:
    (found,) = ran(
        "import sys, os\n"
        "print(all(n in sys.modules for n in ('torch', 'transformers', 'kischule')), os.getpid())\n"
        "import torch, kischule; _, model = kischule.load('mini')\n"
        "print(torch.get_num_threads(), model(torch.tensor([[1, 2]])).logits.shape[-1] > 1000)"
    )
    assert found == "True 1\n1 True\n"
    assert _gone(servers.shared())


def test_no_debugger_is_loaded_unless_it_is_imported() -> None:
    """It would take half of a kernel's start."""
    (found,) = ran(
        "import sys\n"
        "loaded = lambda: any('pydev' in name for name in sys.modules)\n"
        "print(loaded()); import debugpy.server.api; print(loaded())"
    )
    # its warning may come before, between or after
    assert [line for line in found.splitlines() if line in ("False", "True")] == ["False", "True"]


def test_jupyter_execute_gets_a_kernel_of_the_server(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import os; os.getcwd()")])
    path = tmp_path / "x.ipynb"
    nbformat.write(notebook, path)
    command = [sys.executable, "-m", "jupyter", "execute", "--kernel_name=kischule", "--inplace"]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (cell,) = nbformat.read(path, as_version=4).cells
    assert cell.outputs[0].data["text/plain"] == "'/submission/work'"


def test_no_kernel_can_load_anything_but_the_sandbox() -> None:
    """Nothing that knows what a case expects is loaded before the fork, or importable after it."""
    (found,) = ran(
        "import sys, importlib\n"
        "print(sorted(n for n in sys.modules if n.startswith('autograder')))\n"
        f"for name in {HIDDEN_MODULES}:\n"
        "    try: importlib.import_module('autograder.' + name); print('FOUND', name)\n"
        "    except ModuleNotFoundError: pass"
    )
    assert all(find_spec(f"autograder.{name}") for name in HIDDEN_MODULES)
    loaded = json.loads(found.splitlines()[0].replace("'", '"'))
    assert "autograder.sandbox.agent" in loaded
    own = {m for m in loaded if m.startswith("autograder.sandbox")}
    assert set(loaded) - own == {"autograder"}
    assert "FOUND" not in found


def test_kernels_share_what_was_loaded() -> None:
    """Their own memory: under 120 MB beyond what all share, after a first text is generated."""
    (found,) = ran(
        "import torch, kischule\n"
        "tokenizer, model = kischule.load('mini')\n"
        "model.generate(tokenizer('Once', return_tensors='pt')['input_ids'], max_length=40)\n"
        "text = open('/proc/self/smaps_rollup').read()\n"
        "fields = {l.split(':')[0]: int(l.split()[1]) for l in text.splitlines()[1:]}\n"
        "print(fields['Private_Dirty'] + fields['Private_Clean'])"
    )
    assert int(found.split()[-1]) < 120_000


def test_no_garbage_is_collected_while_a_server_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then what it has loaded is out of the collector's sight, and kernels collect as ever."""
    collects: list[bool] = []
    tier = SimpleNamespace(enter=lambda view: None)
    monkeypatch.setitem(forkserver.SANDBOX_TIERS, "namespaces", lambda: tier)
    monkeypatch.setattr(forkserver, "_load", lambda model: collects.append(gc.isenabled()))
    monkeypatch.setattr(forkserver, "_threads", lambda: 1)
    monkeypatch.setattr(forkserver, "_reap", lambda: None)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    made, frozen = [[number] for number in range(1000)], gc.get_freeze_count()
    with ours, theirs:
        ours.shutdown(socket.SHUT_WR)
        forkserver.serve(theirs, SimpleNamespace(tier="namespaces"), "mini")  # type: ignore[arg-type]
        assert json.loads(ours.recv(100)) == {"user": os.getuid()}
    assert (collects, gc.isenabled()) == ([False], True)
    assert gc.get_freeze_count() >= frozen + len(made)


def test_no_two_kernels_have_the_same_random_numbers() -> None:
    """A solution without a seed gets another text in each run."""
    source = "import random, numpy, torch\n"
    source += (
        "print(random.random(), numpy.random.random(), torch.rand(1, dtype=torch.double).item())"
    )
    first, second = (ran(source)[0].split() for _ in range(2))
    assert len(first) == 3
    assert not set(first) & set(second)


def test_the_end_of_a_kernel_hurts_no_other() -> None:
    server = servers.shared()
    server.ready()
    with pytest.raises(Exception, match="died"):
        ran("import ctypes; ctypes.string_at(0)")
    assert server.alive
    assert server is servers.shared()
    assert ran("print(1)") == ["1\n"]
    assert _gone(server)


def test_a_server_that_is_killed_is_replaced() -> None:
    first = servers.shared()
    first.ready()
    processes = psutil.Process(first.pid).children(recursive=True)
    os.kill(first.pid, signal.SIGKILL)
    psutil.wait_procs(processes, timeout=5)
    assert not any(p.is_running() for p in processes)
    assert ran("print(2)") == ["2\n"]
    assert servers.shared() is not first


def test_kernels_end_with_the_worker_that_asked_for_them() -> None:
    """A worker is killed: its server and its kernels go with it."""
    code = (
        "import time, psutil, os\n"
        "from autograder.grading import servers\n"
        "from autograder.sandbox.namespaces import Limits\n"
        "server = servers.shared(); server.ready()\n"
        "info = dict(key='', signature_scheme='hmac-sha256', **{f'{n}_port': i for i, n in "
        "enumerate(('shell', 'iopub', 'stdin', 'hb', 'control'), 1)})\n"
        "channel = server.fork(server.channels(), info, Limits(), [])\n"
        "print(channel.recv(100), *[p.pid for p in psutil.Process().children(True)], flush=True)\n"
        "time.sleep(100)"
    )
    worker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    line = worker.stdout.readline()
    assert "ready" in line
    processes = [psutil.Process(int(p)) for p in line.split("}'")[1].split()]
    assert len(processes) == 4  # server and what it forked itself into, supervisor, kernel
    worker.kill()
    worker.wait()
    worker.stdout.close()
    psutil.wait_procs(processes, timeout=5)
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


# --- servers that one server forks --------------------------------------------------------------


def _kernel_of(server: servers.Server) -> socket.socket:
    names = ("shell", "iopub", "stdin", "hb", "control")
    info = {"key": "", "signature_scheme": "hmac-sha256"}
    info |= {f"{name}_port": number for number, name in enumerate(names, 1)}
    channel = server.fork(server.channels(), info, Limits(), [])
    assert json.loads(channel.recv(100)) == {"ready": True}
    return channel


def _offer(control: socket.socket) -> servers.Offer:
    return servers.Offer(("mini", "cpu", "namespaces"), servers.shared().sockets, control)


def test_a_server_forks_another_for_each_worker() -> None:
    """The end of one hurts neither the other nor the server; each has its own kernels."""
    origin = servers.shared()
    origin.ready()
    control = origin.offer().control
    first, second = (servers.Twin(_offer(control.dup())) for _ in range(2))
    first.ready()
    second.ready()
    of_origin = {p.pid for p in psutil.Process(origin.pid).children(recursive=True)}
    assert first.pid != second.pid
    assert {first.pid, second.pid} <= of_origin
    ended, goes_on = _kernel_of(first), _kernel_of(second)
    processes = psutil.Process(first.pid).children(recursive=True)
    assert len(processes) == 2  # supervisor and kernel
    first.close()
    assert ended.recv(100) == b""
    psutil.wait_procs(processes, timeout=5)
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)
    assert second.alive
    assert origin.alive
    goes_on.send(str(int(signal.SIGKILL)).encode())
    assert json.loads(goes_on.recv(1000))["exit"] == -signal.SIGKILL
    second.close()
    assert ran("print(3)") == ["3\n"]
    assert _gone(origin)


def test_a_twin_says_why_there_is_none() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.send(b'{"refused": true, "error": "no namespaces here"}')
    for _ in range(2):  # each worker hears it
        with pytest.raises(SandboxError, match="no namespaces here"):
            servers.Twin(_offer(ours.dup())).ready()
    theirs.close()
    assert servers.adopt(_offer(ours)) is None  # then a worker starts its own


# --- where there is no sandbox ------------------------------------------------------------------


@pytest.fixture
def _refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused:
        def __init__(self, tier: str) -> None:
            self.tier = tier

        def ready(self) -> None:
            raise SandboxError(1, f"Linux refuses {self.tier} here (x)")

    monkeypatch.setattr(servers, "shared", lambda _, __, tier: Refused(tier))
    monkeypatch.setattr(servers, "close_all", lambda: None)


@pytest.mark.usefixtures("_refused")
@pytest.mark.parametrize("choice", ["auto", *SANDBOXES])
def test_without_a_sandbox_the_run_stops_with_reasons(
    choice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "x")  # in containers neither
    with pytest.raises(isolation.IsolationError) as caught:
        isolation.decide(choice)
    for tier in SANDBOXES if choice == "auto" else [choice]:
        assert f"{tier}: Linux refuses {tier} here (x)" in str(caught.value)
    assert "--isolation process" in str(caught.value)


def test_a_plain_process_needs_the_flag_and_warns() -> None:
    decided = isolation.decide("process")
    assert decided == isolation.Isolation("process", f"no sandbox: {isolation.RISK}")


def test_other_systems_have_no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    for choice in ("auto", *SANDBOXES):
        with pytest.raises(isolation.IsolationError, match=r"needs Linux.*--isolation process"):
            isolation.decide(choice)


DECIDE = "from autograder.grading.isolation import decide; print(decide('auto').mode)"


def test_under_dockers_filter_it_is_landlock() -> None:
    done = docker.run(sys.executable, "-c", DECIDE)
    assert (done.stdout, done.stderr) == ("landlock\n", "")


def test_under_an_older_filter_it_is_neither() -> None:
    done = docker.run(sys.executable, "-c", DECIDE, landlock=True)
    assert done.stdout == ""
    told = done.stderr.splitlines()[-1]
    wanted = ("namespaces: Linux refuses", "landlock: no Landlock here", "--isolation process")
    assert [words for words in wanted if words not in told] == []


@pytest.mark.usefixtures("_refused")
def test_the_command_stops_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from autograder.cli import main

    monkeypatch.setattr("autograder.course.grade._engine", lambda *_: small.Here())
    (tmp_path / "source").symlink_to(ROOT / "source")
    folder = tmp_path / "submitted" / "ada" / "a7_2"
    folder.mkdir(parents=True)
    (folder / "A7_2.ipynb").write_bytes((ROOT / "release" / "a7_2" / "A7_2.ipynb").read_bytes())
    assert main(["grade", "a7_2", "--course", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "--isolation process" in error
    assert len(error.splitlines()) == 2  # the first says what is graded


FORKED = """
import sys, os, multiprocessing
from concurrent.futures import ProcessPoolExecutor
import nbformat
from nbclient import NotebookClient

def ran(number):
    cells = [nbformat.v4.new_code_cell(f"print({number})")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="kischule", timeout=60).execute()
    return int(notebook.cells[0].outputs[0].text)

found = [ran(0)]
with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
    found += pool.map(ran, (1, 2))
if (child := os.fork()) == 0:
    sys.exit()  # in order, as multiprocessing's children do not
os.waitpid(child, 0)
print(*found, ran(3))  # the parent's server and folder are still there
"""


def test_a_temporary_folder_may_have_a_path_of_some_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The longest that works, and a byte more, which is refused in words before anything starts."""
    spare = servers.MAX_ADDRESS - len(f"/kischule-xxxxxxxx/k{servers.LONGEST}")
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        Path(short).chmod(0o711)
        folder = Path(short, "x" * (spare - len(short) - 1))
        folder.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        with closing(servers.OwnServer("mini", "cpu", "namespaces")) as server:
            server.ready()
            folder_of_kernel = server.channels()
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(str(folder_of_kernel / "k-5"))
        longer = folder.with_name(folder.name + "x")
        longer.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(longer))
        with pytest.raises(servers.ServerError, match=r"would have 1 more below .* TMPDIR"):
            servers.OwnServer("mini", "cpu", "namespaces")


def test_a_forked_process_starts_kernels_of_its_own(tmp_path: Path) -> None:
    """The event loop and the server that it inherits are its parent's."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKED],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        env=environment,
    )
    assert done.stdout == "0 1 2 3\n", done.stderr
