"""The worst attacks on a sandbox, each of which works in a plain process, and Landlock's rules."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support.notebooks import ROOT

from autograder.grading import servers
from autograder.grading.kernel import Kernel, KernelGoneError
from autograder.grading.settings import Settings
from autograder.sandbox import landlock
from autograder.sandbox.syscalls import SandboxError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux's")

# name -> cell; it prints FOUND for a success. VICTIM: a process, OUTSIDE: a folder of this user,
# OTHER: the folder of another kernel; `call` is a system call by its number on x86-64
HEAD = """
import ctypes, glob, mmap, os, signal, socket, resource, shutil, struct, threading, time
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(number, *arguments):
    return libc.syscall(*map(ctypes.c_long, (number, *arguments)))
def path_of(text):
    kept.append(ctypes.create_string_buffer(os.fsencode(text)))
    return ctypes.addressof(kept[-1])
kept = []
"""
ATTACKS = {
    "source": "print('FOUND', open('ROOT/source/a7_2/A7_2.ipynb').read(9))",
    "exercises": "print('FOUND', open('ROOT/autograder/exercises/oracle.py').read(9))",
    "names": "print('FOUND', os.listdir('OUTSIDE'))",
    "other work": "print('FOUND', open(*glob.glob('OTHER/home/work/own.txt') or ['OTHER']).read())",
    "other channel": """
for path in [f'OTHER/k-{n}' for n in range(1, 6)]:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        print('FOUND', path)
""",
    "own channel": """
own = os.path.dirname(os.environ['HOME'])
print(os.listdir(own))
for change in (
    lambda: os.remove(f'{own}/k-1'), lambda: os.rename(f'{own}/k-1', f'{own}/x'),
    lambda: os.symlink('OUTSIDE', f'{own}/y'), lambda: open(f'{own}/z', 'w'),
    lambda: os.rename('/'.join([own, 'home']), f'{own}/x'), lambda: os.mkdir(f'{own}/x'),
    lambda: socket.socket(socket.AF_UNIX).bind(f'{own}/x'),
):
    try:
        print('FOUND', change())
    except OSError:
        pass
""",
    "parent": "os.kill(os.getppid() or VICTIM, 0); print('FOUND')",
    "kill": "os.kill(VICTIM, signal.SIGCONT); print('FOUND')",
    "tkill": "print('FOUND' if call(200, VICTIM, 0) == 0 else '')",
    "queue": """
info = (ctypes.c_int * 32)(signal.SIGCONT, 0, -1)
print('FOUND' if call(129, VICTIM, signal.SIGCONT, ctypes.addressof(info)) == 0 else '')
""",
    "pidfd": "print('FOUND' if call(424, call(434, VICTIM, 0), 0, 0, 0) == 0 else '')",
    "owner of a file": """
import fcntl
one, two = socket.socketpair()
done = call(72, one.fileno(), 8 | 1 << 40, VICTIM)
print('FOUND' if done == 0 else '')
""",
    "limits of another": "resource.prlimit(VICTIM, resource.RLIMIT_CORE, (0, 0)); print('FOUND')",
    "priority of another": "os.setpriority(os.PRIO_PROCESS, VICTIM, 19); print('FOUND')",
    "priority of all": """
call(141, 2, 12345678, 0)
print('FOUND' if ctypes.get_errno() == 3 else '')  # there is no such user
""",
    "cores of another": "os.sched_setaffinity(VICTIM, os.sched_getaffinity(0)); print('FOUND')",
    "ptrace": "print('FOUND' if call(101, 16, VICTIM, 0, 0) == 0 else '')",
    "memory": "open('/proc/VICTIM/mem', 'rb'); print('FOUND')",
    "environment": "open('/proc/VICTIM/environ').read(); print('FOUND')",
    "command line": "open('/proc/VICTIM/cmdline').read(); print('FOUND')",
    "processes": """
print('FOUND' if {p for p in os.listdir('/proc') if p.isdigit()} - {str(os.getpid())} else '')
""",
    "tcp": "socket.create_connection(('127.0.0.1', PORT), 1); print('FOUND')",
    "udp": """
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.sendto(b'x', ('127.0.0.1', PORT))
    print('FOUND')
""",
    "abstract": """
with socket.socket(socket.AF_UNIX) as client:
    client.connect('\\0kischule-landlock-PORT')
    print('FOUND')
""",
    "datagram": """
with socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0] as client:
    client.sendto(b'x', 'OUTSIDE/log')
    print('FOUND')
""",
    "fork": """
if (child := libc.fork()) == 0:
    call(60, 0)
print('FOUND' if child > 0 else '')
""",
    "clone": """
child = call(56, signal.SIGCHLD, 0, 0, 0, 0)
if child == 0:
    call(60, 0)
print('FOUND' if child > 0 else '')
""",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {}); print('FOUND')",
    "write": "open('OUTSIDE/file', 'w').write('x'); print('FOUND')",
    "empty": "os.truncate('OUTSIDE/file', 0); print('FOUND')",
    "empty by opening": "os.open('OUTSIDE/file', os.O_RDONLY | os.O_TRUNC); print('FOUND')",
    "delete": "os.remove('OUTSIDE/second'); print('FOUND')",
    "rename": "os.rename('OUTSIDE/third', 'OUTSIDE/renamed'); print('FOUND')",
    "link": "os.link('OUTSIDE/file', 'hard'); print('FOUND', open('hard').read())",
    "follow": "os.symlink('OUTSIDE/file', 'soft'); print('FOUND', open('soft').read())",
    "make a link": "os.symlink('/etc/passwd', 'OUTSIDE/soft'); print('FOUND')",
    "make a folder": "os.mkdir('OUTSIDE/made'); print('FOUND')",
    "mode": "os.chmod('OUTSIDE/file', 0o600); print('FOUND', oct(os.stat('OUTSIDE/file').st_mode))",
    "time": "os.utime('OUTSIDE/file', (1, 1)); print('FOUND')",
    "new mode": "print('FOUND' if call(452, -100, path_of('OUTSIDE/file'), 0o600, 0) == 0 else '')",
    "attribute": "os.setxattr('OUTSIDE/file', 'user.x', b'y'); print('FOUND')",
    "watch": """
print('FOUND' if libc.inotify_add_watch(libc.inotify_init(), b'OUTSIDE', 2) > 0 else '')
""",
    "outlive the parent": "print('FOUND' if call(157, 1 | 1 << 32, 0, 0, 0, 0) == 0 else '')",
}
ENTRY = "from autograder.sandbox.forkserver import run"
# these say that they worked, and do nothing outside, which is looked at
SAY_DONE = {
    "landlock": {"mode", "time", "new mode"},
    "namespaces": {"priority of all"},  # of all processes in it
}
# not in a plain process: it has other channels; Yama or the file system may refuse it as well
ONLY_HERE = {"own channel", "ptrace", "memory", "attribute", "make a folder", "rename", "delete"}


@dataclass(frozen=True)
class Arena:
    """Another kernel, a process, sockets and files, none of which an attack must reach."""

    outside: Path
    victim: int
    port: int
    other: Path

    def printed(self, tier: str, *sources: str) -> list[str]:
        """Run cells in one kernel; returns what each printed."""
        words = {"ROOT": ROOT, "OUTSIDE": self.outside, "VICTIM": self.victim, "PORT": self.port}
        words["OTHER"] = self.other
        cells = [nbformat.v4.new_code_cell(source) for source in (HEAD, *sources)]
        for cell in cells:
            for word, value in words.items():
                cell.source = cell.source.replace(word, str(value))
        kernel = Kernel(nbformat.v4.new_notebook(cells=cells), Settings(isolation=tier))
        try:
            kernel.start()
            for number, cell in enumerate(cells):
                kernel.execute(cell, number, 30)
        finally:
            kernel.close()
        assert cells[0].outputs == []
        streams = [[o.text for o in c.outputs if o.output_type == "stream"] for c in cells[1:]]
        return ["".join(stream) for stream in streams]

    def state(self) -> dict[str, Any]:
        """All that an attack could have changed."""
        files = {p.name: (p.lstat().st_mode, p.lstat().st_mtime) for p in self.outside.iterdir()}
        stat = Path(f"/proc/{self.victim}/stat").read_text().rpartition(")")[2].split()
        limits = Path(f"/proc/{self.victim}/limits").read_text()
        text = (self.outside / "file").read_text()
        return {"files": files, "state": stat[0], "nice": stat[16], "limits": limits, "text": text}


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    outside = tmp_path_factory.mktemp("outside").resolve()
    for name in ("file", "second", "third"):
        (outside / name).write_text(name)
    cell = nbformat.v4.new_code_cell("import os; open('own.txt', 'w').write('own'); os.getcwd()")
    with ExitStack() as stack:
        victim = stack.enter_context(subprocess.Popen(["sleep", "1000"], start_new_session=True))
        stack.callback(victim.kill)
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = server.getsockname()[1]
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0kischule-landlock-{port}")
        abstract.listen()
        log = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        log.bind(str(outside / "log"))
        other = Kernel(nbformat.v4.new_notebook(cells=[cell]), Settings(isolation="landlock"))
        stack.callback(other.close)
        other.start()
        other.execute(cell, 0, 30)
        own = Path(cell.outputs[0]["data"]["text/plain"].strip("'")).parents[1]
        yield Arena(outside, victim.pid, port, own)


# Linux 6.2 has version 3; from 6 on Landlock itself keeps signals and abstract sockets away
OLDEST = pytest.param(("landlock", landlock.NEEDED), id="oldest", marks=pytest.mark.slow)
TIERS = [pytest.param(("landlock", 99), id="newest"), OLDEST]
TIERS += [pytest.param(("namespaces", 99), id="namespaces")]


@pytest.fixture(scope="module", params=TIERS)
def found(request: pytest.FixtureRequest, arena: Arena) -> tuple[str, dict[str, str]]:
    """The tier, and text that each attack printed in it; nothing outside has changed."""
    before, (tier, version) = arena.state(), request.param
    with pytest.MonkeyPatch.context() as patch:
        if version == landlock.NEEDED:
            mask = f"from autograder.sandbox import landlock; landlock.version = lambda: 3; {ENTRY}"
            patch.setattr(servers, "START_CODE", servers.START_CODE.replace(ENTRY, mask))
            patch.setattr(servers, "_servers", {})
            printed = arena.printed(tier, *ATTACKS.values())
            servers.close_all()
        else:
            printed = arena.printed(tier, *ATTACKS.values())
    assert arena.state() == before
    return tier, dict(zip(ATTACKS, printed, strict=True))


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_finds_and_changes_nothing(name: str, found: tuple[str, dict[str, str]]) -> None:
    tier, printed = found
    assert ("FOUND" in printed[name]) == (name in SAY_DONE[tier]), printed[name]
    assert (name, tier) != ("own channel", "landlock") or "k-1" in printed[name]


def test_each_attack_works_in_a_plain_process(arena: Arena) -> None:
    """Otherwise the tests above would show nothing."""
    attacks = {name: cell for name, cell in ATTACKS.items() if name not in ONLY_HERE}
    printed = dict(zip(attacks, arena.printed("process", *attacks.values()), strict=True))
    assert [name for name, text in printed.items() if "FOUND" not in text] == []


THREADED = """
import IPython.display
with zmq.Context() as context, context.socket(zmq.PAIR) as pair:
    print(pair.bind('inproc://x') is not None)
IPython.display.display({'text/plain': 'x', 'image/png': 'A' * 500_000}, raw=True)
"""


def test_a_thread_of_libzmq_starts(arena: Arena) -> None:
    """A picture is enough: pyzmq has a thread for large messages, made at the first one."""
    (printed,) = arena.printed("landlock", f"import zmq\n{THREADED}\ntime.sleep(0.5)\nprint('on')")
    assert printed.splitlines()[-1] == "on"


NOBODYS = """
import nbformat
from support import docker
docker.open_interpreter()
from autograder.grading.kernel import Kernel
from autograder.grading.settings import Settings
cell = nbformat.v4.new_code_cell("import os; print(os.getresuid(), os.getgroups(), os.listdir())")
kernel = Kernel(nbformat.v4.new_notebook(cells=[cell]), Settings(isolation="landlock"))
kernel.start()
kernel.execute(cell, 0, 30)
kernel.close()
print(cell.outputs[0].text)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="only root has somebody to become")
def test_root_becomes_nobody_where_that_one_can_read() -> None:
    variables = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    command = [sys.executable, "-c", NOBODYS]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "(65534, 65534, 65534) [] []", done.stderr


# --- the watchdog -------------------------------------------------------------------------------

FULL = {
    "several files": "for n in range(9): open(str(n), 'wb').write(bytes(9_000_000))",
    "deleted files": """
kept = []
for n in range(9):
    kept.append(open('one', 'wb'))
    kept[-1].write(bytes(9_000_000))
    kept[-1].flush()
    os.remove('one')
""",
    "deleted and mapped": """
import mmap
kept = []
for n in range(9):
    with open('one', 'w+b') as file:
        file.truncate(9_000_000)
        kept.append(mmap.mmap(file.fileno(), 9_000_000))
    kept[-1].write(bytes(9_000_000))
    os.remove('one')
""",
    "many files": "for n in range(5000): open(str(n), 'w').close()",
    "in a closed folder": "os.mkdir('shut', 0o300); open('shut/x', 'w')",
    "hidden from the watchdog": "import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)",
    "threads": """
import threading
threading.stack_size(65536)
for _ in range(700): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
""",
}


@pytest.mark.parametrize("name", FULL)
def test_a_kernel_that_keeps_too_much_is_ended(name: str, arena: Arena) -> None:
    if name in ("in a closed folder", "hidden from the watchdog") and os.getuid() == 0:
        pytest.skip("root's watchdog looks into everything")
    source = f"import os, time\n{FULL[name]}\ntime.sleep(20)"
    cell = nbformat.v4.new_code_cell(source)
    kernel = Kernel(nbformat.v4.new_notebook(cells=[cell]), Settings(isolation="landlock"))
    try:
        kernel.start()
        provisioner = kernel._client.km.provisioner
        with pytest.raises(KernelGoneError):
            kernel.execute(cell, 0, 30)
        assert provisioner.end["killed"] == ("threads" if name == "threads" else "disk")
    finally:
        kernel.close()
    assert list(arena.other.parent.iterdir()) == [arena.other]


def test_a_cell_that_leaves_too_much_is_to_blame(arena: Arena) -> None:
    """The watchdog alone would end its kernel later, in a cell that did nothing."""
    cell = nbformat.v4.new_code_cell("for n in (1, 2): open(str(n), 'wb').write(bytes(40_000_000))")
    kernel = Kernel(nbformat.v4.new_notebook(cells=[cell]), Settings(isolation="landlock"))
    try:
        kernel.start()
        with pytest.raises(KernelGoneError) as gone:
            kernel.execute(cell, 0, 30)
    finally:
        kernel.close()
    assert gone.value.reason == "disk"
    assert list(arena.other.parent.iterdir()) == [arena.other]


def test_a_folder_is_removed_with_its_kernel(arena: Arena, tmp_path: Path) -> None:
    """Also where its folders are closed; a link in it leads nowhere."""
    closed = tmp_path / "closed"
    closed.mkdir(0o500)
    with suppress(KernelGoneError):  # an ordinary user's watchdog cannot look into it
        arena.printed(
            "landlock", f"os.makedirs('b/c'); os.symlink('{closed}', 'l'); os.mkdir('a', 0)"
        )
    assert list(arena.other.parent.iterdir()) == [arena.other]
    assert closed.stat().st_mode & 0o777 == 0o500


# --- rules --------------------------------------------------------------------------------------


def test_no_path_of_a_rule_leads_through_a_link(tmp_path: Path) -> None:
    """A link in a folder above led bubblewrap out to the host (CVE-2026-87766)."""
    (tmp_path / "real" / "inner").mkdir(parents=True)
    (tmp_path / "parent").symlink_to("real")
    (tmp_path / "real" / "last").symlink_to("inner")
    folder = os.open(tmp_path, os.O_PATH)
    os.close(landlock.beneath(folder, "real/inner"))
    for path in ("parent/inner", "real/last", "parent", "real/../real/inner"):
        with pytest.raises(OSError, match=r"link|upwards"):
            landlock.beneath(folder, path)
    os.close(folder)


def test_all_beside_a_hidden_folder_is_granted(tmp_path: Path) -> None:
    for name in ("site/ours/secret", "site/ours/sandbox", "site/theirs", "other"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "site" / "loop").symlink_to(tmp_path)
    hidden = str(tmp_path / "site" / "ours")
    granted = list(landlock.without(str(tmp_path), hidden))
    assert granted == [str(tmp_path / "other"), str(tmp_path / "site" / "theirs")]
    assert list(landlock.without(f"{hidden}/secret", hidden)) == []


MASKED = """
import os, sys
from autograder.sandbox import landlock

os.chdir(sys.argv[1])
for version in range(landlock.NEEDED, landlock.version() + 1):
    if os.fork() == 0:
        rules = landlock.Rules(version)
        rules.allow(os.open("own", os.O_PATH), landlock._OWN)
        rules.enforce()
        open("own/file", "w").write("x")
        os.truncate("own/file", 0)
        for attack in (
            lambda: open("other/file").read(), lambda: open("other/file", "w"),
            lambda: os.truncate("other/file", 0), lambda: os.rename("own/file", "other/moved"),
            lambda: os.open("other/file", os.O_RDONLY | os.O_TRUNC), lambda: os.listdir("other"),
            lambda: os.link("other/file", "own/hard"), lambda: os.execv("/bin/true", ["true"]),
            lambda: open("own/../other/new", "w"), lambda: os.remove("other/file"),
        ):
            try:
                attack()
                print(version, "FOUND", attack.__code__.co_firstlineno)
            except OSError:
                pass
        print(version, "held", flush=True)
        os._exit(0)
    os.wait()
"""


def test_each_version_that_is_enough_holds_files(tmp_path: Path) -> None:
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "other" / "file").write_text("kept")
    command = [sys.executable, "-c", MASKED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    held = [f"{version} held" for version in range(landlock.NEEDED, landlock.version() + 1)]
    assert done.stdout.splitlines() == held
    assert (tmp_path / "other" / "file").read_text() == "kept"


@pytest.mark.parametrize("version", range(1, landlock.NEEDED))
def test_a_version_that_promises_less_is_refused(
    version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landlock, "version", lambda: version)
    with pytest.raises(SandboxError, match=f"version {version} here.*empty files.*Linux 6.2"):
        landlock.usable_version()


LINKED = """
import json, os, sys
from autograder.sandbox import namespaces

view = namespaces.Visible(**json.loads(sys.argv[1]))
namespaces.enter(view)
print([open(path).read() for path in view.trees[1:]], flush=True)
open(view.trees[1], "a")
"""


def test_namespaces_are_built_through_no_link(tmp_path: Path) -> None:
    """The same fault in the other tier: what is made in the new root must not land outside."""
    for name in ("root", "sockets", "package/shown", "host"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "host" / "file").write_text("text")
    os.utime(tmp_path / "host" / "file", (1, 1))
    (tmp_path / "link").symlink_to(tmp_path / "host")
    (tmp_path / "again").symlink_to("link")
    names = {"root": "root", "sockets": "sockets", "package": "package"}
    view = {key: str(tmp_path / name) for key, name in names.items()}
    trees = [str(tmp_path / "link"), *(str(tmp_path / n / "file") for n in ("link", "again"))]
    given = json.dumps({**view, "trees": trees, "visible": ["shown"]})
    command = [sys.executable, "-c", LINKED, given]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (tmp_path / "host" / "file").stat().st_mtime == 1
    assert done.stdout == "['text', 'text']\n", done.stderr
    assert "Read-only file system" in done.stderr or "Permission denied" in done.stderr
    assert [p.name for p in (tmp_path / "host").iterdir()] == ["file"]
