"""The sandbox of a student's kernel on Linux: namespaces, a file system of its own, limits.

Three steps, each in a process with one thread:

`enter`    once, in the fork server: namespaces of its own, a file system that holds only the
           interpreter, the installed packages and what `Visible` names, all read-only; root becomes
           an ordinary user.
`isolate`  in the supervisor of each kernel: user, process, mount, network and ipc namespaces.
`confine`  in the kernel itself, before a line of the student's runs: a private folder of limited
           size, resource limits, no capabilities, a system call filter.

The attacks that were tried on it, and on which systems, are listed in docs/security.md.
"""

import os
import resource
import site
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.syscalls import (
    BIND,
    DUMPABLE,
    NEWIPC,
    NEWNET,
    NEWNS,
    NEWPID,
    NEWUSER,
    NEWUTS,
    NO_NEW_PRIVS,
    NODEV,
    NOEXEC,
    NOSUID,
    PRIVATE,
    RDONLY,
    REC,
    SandboxError,
    call_filter,
    die_with_parent,
    drop_capabilities,
    filter_library,
    freeze,
    mount,
    pivot_root,
    prctl,
    unshare,
)

NOBODY = 65534  # who root becomes
HOME = "/submission"  # the private folder of a kernel: home, work folder and temporary files
SOCKETS = "/run/kernels"  # in the server: a folder for each kernel's channels
CHANNELS = "/run/kernel"  # in a kernel: its own
GIVEN_FOLDER = "work"  # beside the channels; copied into its work folder, it may not be there
MAX_FILES, MAX_FILES_BYTES = 1000, 32 << 20  # of a work folder

_LIBRARIES = ("/lib", "/lib64", "/lib32", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_FILES = ("/etc/ld.so.cache", "/etc/localtime")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


@dataclass(frozen=True)
class Limits:
    """Resources of one kernel; memory and sizes in bytes."""

    memory: int = 1 << 30  # beyond what it shares with the fork server
    disk: int = 64 << 20
    inodes: int = 4096
    open_files: int = 256
    threads: int = 512
    cpu_seconds: int = 900
    gpu: bool = False  # its driver reserves more address space than there is, and makes memfds


@dataclass(frozen=True)
class Visible:
    """Files that a sandbox shows beside the interpreter and its packages."""

    root: str  # an empty folder: the new root is mounted on it, or it is the server's home
    sockets: str  # a folder in which the server finds the folders of channels
    trees: tuple[str, ...]  # files and folders, read-only
    package: str  # a folder of which only `visible` is shown
    visible: tuple[str, ...]  # files and folders, relative to it
    devices: tuple[str, ...] = ()  # beside those that every program needs
    tier: str = "namespaces"  # | landlock

    @property
    def readable(self) -> list[str]:
        """Files and folders to be seen read-only, all but the package's."""
        return [*_LIBRARIES, *_FILES, *_interpreter(), *self.trees]

    @property
    def writable(self) -> list[str]:
        """Devices that may be read and written."""
        return [*_DEVICES, *self.devices]


def home_variables(home: str) -> dict[str, str]:
    """Variables by which programs find the private folder of a kernel, or of the server."""
    return {
        "HOME": home,
        "TMPDIR": f"{home}/tmp",
        "IPYTHONDIR": f"{home}/.ipython",
        "JUPYTER_RUNTIME_DIR": f"{home}/.jupyter",
        "MPLCONFIGDIR": f"{home}/.matplotlib",
    }


def server_environment(home: str) -> dict[str, str]:
    """All variables of the server, and so of its kernels: none of the caller's come along."""
    return {
        **home_variables(home),
        "USER": "student",  # nobody has to look for a name in /etc/passwd
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "LANG": "C.UTF-8",
        "NBGRADER_EXECUTION": "autograde",  # for test cells that ask
        "PATH": "/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",  # the order of a set is the same each time
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


# --- the fork server ----------------------------------------------------------------------------


def enter(view: Visible) -> None:
    """Move this process, which must have one thread, into the outer sandbox.

    Returns in a child (process 1 of a new process namespace); the caller's own process waits for it
    and exits as it does. Raises SandboxError.
    """
    filter_library()
    uid = os.getuid()
    user, group = (NOBODY, NOBODY) if uid == 0 else (uid, os.getgid())
    namespaces = NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS
    try:
        if uid == 0:
            unshare(namespaces)
        else:
            unshare(NEWUSER | namespaces)
            _map_to_itself(user, group)
    except OSError as error:
        raise SandboxError(error.errno, _cannot_unshare(error)) from error
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    try:
        die_with_parent()
        _new_root(view)
        if uid == 0:
            os.setgroups([])
            os.setresgid(group, group, group)
            os.setresuid(user, user, user)
        # without it /proc/self is root's, and a child could not map its own user
        prctl(DUMPABLE, 1)
        die_with_parent()
    except OSError as error:
        raise SandboxError(error.errno, f"the sandbox cannot be set up here: {error}") from error


def _new_root(view: Visible) -> None:
    root = Path(view.root)
    mount(None, "/", None, REC | PRIVATE)
    mount("tmpfs", view.root, "tmpfs", NOSUID | NODEV, "mode=755,size=4m")
    for path in view.readable:
        _show(root, path)
    hidden = _inside(root, view.package)
    hidden.mkdir(parents=True, exist_ok=True)
    mount("tmpfs", str(hidden), "tmpfs", NOSUID | NODEV, "mode=755,size=1m")
    for name in view.visible:
        _show(root, str(Path(view.package) / name))
    freeze(str(hidden))
    for device in view.writable:
        _show(root, device, readonly=False)
    for folder in (HOME, SOCKETS, CHANNELS, "/proc"):
        _inside(root, folder).mkdir(parents=True, exist_ok=True)
    _private(str(_inside(root, HOME)), Limits())  # the server's own, for caches of imports
    mount(view.sockets, str(_inside(root, SOCKETS)), None, BIND)
    mount("proc", str(_inside(root, "/proc")), "proc", NOSUID | NODEV | NOEXEC)
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc" / "passwd").write_text(
        f"student:x:{_user_id()}:{_user_id()}::{HOME}:/bin/false\n"
    )
    os.chmod(root / "etc" / "passwd", 0o644)
    if not (root / "tmp").exists():
        (root / "tmp").symlink_to(f"{HOME}/tmp")
    freeze(view.root, recursive=False)
    os.chdir(view.root)
    pivot_root()
    os.chdir("/")


def _user_id() -> int:
    return os.getuid() or NOBODY


def _private(folder: str, limits: Limits) -> None:
    """An empty file system of limited size there, with a folder for temporary files."""
    user, group = _user_id(), os.getgid() if os.getuid() else NOBODY
    options = f"size={limits.disk},nr_inodes={limits.inodes},mode=700,uid={user},gid={group}"
    mount("tmpfs", folder, "tmpfs", NOSUID | NODEV, options)
    os.mkdir(f"{folder}/tmp", 0o700)
    os.chown(f"{folder}/tmp", user, group)


def _interpreter() -> list[str]:
    """Folders that Python itself, the virtual environment and installed packages need."""
    base = Path(sys.base_prefix)
    found = [sys.prefix, *site.getsitepackages()]
    # of /usr only its libraries, which are there already
    if base not in (Path("/"), Path("/usr"), Path("/usr/local")):
        found.append(str(base))
    return list(dict.fromkeys(found))


def _inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _show(root: Path, path: str, readonly: bool = True) -> None:
    """The file or tree at the same place in the new root; what does not exist is left out."""
    if not os.path.exists(path):
        return
    source = Path(_linked(root, path))
    target = _inside(root, str(source))
    if target.exists() and (not target.is_dir() or any(os.scandir(target))):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch(exist_ok=True)
    mount(str(source), str(target), None, BIND | REC)
    if readonly:
        freeze(str(target))


def _linked(root: Path, path: str) -> str:
    """The path without links to folders, each of which is made anew in the new root.

    While that is built, nothing may be made beyond a link in it: it leads out to the host.
    """
    place = "/"
    for name in Path(path).parts[1:]:
        place = os.path.join(place, name)
        if os.path.islink(place) and os.path.isdir(place):
            link, place = _inside(root, place), os.path.realpath(place)
            if not os.path.lexists(link):
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(place)
    return place


def _cannot_unshare(error: OSError) -> str:
    """Advice where namespaces are refused."""
    reason = f"Linux refuses namespaces here ({error.strerror})"
    restricted = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if restricted.exists() and restricted.read_text().strip() == "1":
        return f"{reason}; allow them: sysctl kernel.apparmor_restrict_unprivileged_userns=0"
    allowed = Path("/proc/sys/user/max_user_namespaces")
    if allowed.exists() and allowed.read_text().strip() == "0":
        return f"{reason}; allow them: sysctl user.max_user_namespaces=10000"
    if in_container():
        return f"{reason}; start the container with them: --security-opt seccomp=unconfined"
    return f"{reason}; unprivileged user namespaces must be allowed"


def in_container() -> bool:
    """Return True in a container, as far as one can tell from inside."""
    marks = ("/.dockerenv", "/run/.containerenv")
    named = ("container", "KUBERNETES_SERVICE_HOST")
    return any(map(os.path.exists, marks)) or any(name in os.environ for name in named)


# --- the supervisor -----------------------------------------------------------------------------


def isolate(channels: str) -> None:
    """Namespaces for one kernel: its next child is process 1 in them. Raises OSError.

    channels: the name of the folder in SOCKETS with this kernel's own.
    """
    user, group = os.getuid(), os.getgid()
    unshare(NEWUSER | NEWPID | NEWNS | NEWIPC | NEWNET | NEWUTS)
    _map_to_itself(user, group)
    mount(f"{SOCKETS}/{channels}", CHANNELS, None, BIND)
    mount("tmpfs", SOCKETS, "tmpfs", NOSUID | NODEV | RDONLY, "size=0,mode=000")


def seal_channels() -> None:
    """No file may be made in CHANNELS from now on; the sockets in it go on working."""
    freeze(CHANNELS, recursive=False)


def _map_to_itself(user: int, group: int) -> None:
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


# --- the kernel ---------------------------------------------------------------------------------


def confine(limits: Limits) -> None:
    """Give up what the student's code must not have; there is no way back. Raises OSError.

    The process must have one thread, be process 1 of its namespace, and need no file that it has
    not opened or that `Visible` does not show.
    """
    _private(HOME, limits)
    mount("proc", "/proc", "proc", NOSUID | NODEV | NOEXEC)
    os.mkdir(f"{HOME}/work")
    os.chdir(f"{HOME}/work")
    limit(limits)
    _lower(resource.RLIMIT_NPROC, limits.threads)
    drop_capabilities()
    prctl(NO_NEW_PRIVS, 1)
    die_with_parent()
    # libzmq aborts where it may not even ask for interfaces; there are none in this namespace
    families = (socket.AF_UNIX, socket.AF_INET, socket.AF_NETLINK)
    call_filter(limits.gpu, families).load()


def limit(limits: Limits) -> None:
    """Resource limits of this process, on top of the address space that it has already."""
    size, data = _sizes()
    # threads reserve address space that they never touch: 64 MiB each for their heaps
    if not limits.gpu:
        _lower(resource.RLIMIT_AS, size + limits.memory + (1 << 30))
    _lower(resource.RLIMIT_DATA, data + limits.memory)
    _lower(resource.RLIMIT_NOFILE, limits.open_files)
    _lower(resource.RLIMIT_FSIZE, limits.disk)
    _lower(resource.RLIMIT_CPU, limits.cpu_seconds)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_MEMLOCK, 0)
    _lower(resource.RLIMIT_MSGQUEUE, 0)


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def _sizes() -> tuple[int, int]:
    """Address space and private writable memory of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines if line.startswith("Vm"))
    return int(fields["VmSize"].split()[0]) * 1024, int(fields["VmData"].split()[0]) * 1024


class Namespaces:
    """The steps of this sandbox, in the process that each is for."""

    home, channels = HOME, CHANNELS
    enter, isolate = staticmethod(enter), staticmethod(isolate)
    bound, confine = staticmethod(seal_channels), staticmethod(confine)

    @staticmethod
    def seal(_: Limits) -> None:
        """Do nothing: the filter has been loaded before the channels were there."""

    @staticmethod
    def overfull(_: int, __: Limits) -> bool:
        """Return False: the file system of a kernel has a size."""
        return False
