"""The sandbox where Linux grants no namespaces: Landlock, a system call filter, limits, a watchdog.

The same steps as in `namespaces`, and one more:

`enter`    once, in the fork server: read-only access to the interpreter, the installed packages and
           what `Visible` names, and to nothing else; root becomes an ordinary user where that one
           can read all this.
`isolate`  in the supervisor of each kernel: a private folder, and the rules of its own.
`confine`  in the kernel, while it has one thread: these rules, resource limits, no capabilities.
`seal`     in the kernel, when its channels are there and before a line of the student's runs: the
           filter, for all of its threads.

Landlock guards the content of files. It does not hide that a file exists, its size or its age, and
it does not guard sockets with a path, modes, owners, times and other processes' limits; all that
could change something there is refused by the filter. docs/security.md says what is left.
"""

import ctypes
import errno
import os
import platform
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kischule
from autograder.sandbox.namespaces import NOBODY, Limits, Visible, home_variables, limit
from autograder.sandbox.syscalls import (
    DUMPABLE,
    INT,
    NO_NEW_PRIVS,
    SandboxError,
    call_filter,
    check_call,
    deny,
    die_with_parent,
    drop_capabilities,
    filter_library,
    libc,
    prctl,
)

# linux/landlock.h; the numbers of the calls are the same on every architecture
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_WRITE, _READ, _LIST, _REMOVE_DIR, _REMOVE = 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5
_MAKE_DIR, _MAKE_FILE, _MAKE_SOCKET, _MAKE_LINK = 1 << 7, 1 << 8, 1 << 9, 1 << 12
_REFER, _TRUNCATE, _IOCTL = 1 << 13, 1 << 14, 1 << 15
_OF_FILES = 1 | _WRITE | _READ | _TRUNCATE | _IOCTL  # rights that a file can have
_LOOK = _READ | _LIST
_OWN = _LOOK | _WRITE | _REMOVE_DIR | _REMOVE | _MAKE_DIR | _MAKE_FILE | _MAKE_LINK
_OWN |= _REFER | _TRUNCATE
_BITS = (0, 13, 14, 15, 15, 16)  # rights to files, by version; later ones have as many as the last
NEEDED = 3  # the version from which on a file outside cannot be emptied

# What Landlock does not guard and namespaces keep away, refused: it could change files of this user
# outside, or processes. Nothing may listen or connect but what listens already.
_REFUSED = (
    *("connect", "bind", "listen", "tkill", "ioprio_set", "sched_setattr"),
    *("chown", "fchown", "lchown", "fchownat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat"),
    *("removexattr", "lremovexattr", "fremovexattr", "removexattrat", "file_setattr"),
    *("inotify_init", "inotify_init1", "inotify_add_watch"),
)
# ... and these do nothing, and say that they did: copying a file (shutil.copy) asks for them
_WITHOUT_EFFECT = (
    *("chmod", "fchmod", "fchmodat", "fchmodat2"),
    *("utime", "utimes", "futimesat", "utimensat"),
)
_OF_ITSELF = ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
_OF_THIS_THREAD = ("prlimit64", "sched_setaffinity", "setpriority")
# the C library names a new thread by its number, and libzmq ends the process where that is refused;
# a filter cannot tell it from another process: nothing is done, and said to be done
_OF_A_THREAD = ("sched_setscheduler", "sched_setparam")
_OWNERS = {"fcntl": (8, 15), "ioctl": (0x8901, 0x8902)}  # who gets a file's signals (F_SETOWN, ..)


def version() -> int:
    """The version ("ABI") of this Linux's Landlock. Raises SandboxError where there is none."""
    found = int(libc().syscall(ctypes.c_long(_CREATE), None, ctypes.c_size_t(0), ctypes.c_uint(1)))
    if found > 0:
        return found
    code = ctypes.get_errno()
    reason = {
        errno.ENOSYS: f"no Landlock here (it came with Linux 5.13, this is {platform.release()})",
        errno.EOPNOTSUPP: "Landlock is switched off here; add it to the boot parameter lsm=",
    }
    raise SandboxError(code, reason.get(code, f"Landlock is refused here ({os.strerror(code)})"))


def usable_version() -> int:
    """The version, if it is new enough for what this sandbox promises. Raises SandboxError."""
    found = version()
    if found < NEEDED:
        raise SandboxError(
            errno.EOPNOTSUPP,
            f"Landlock has version {found} here, which lets a submission empty files outside; "
            f"version {NEEDED} came with Linux 6.2, this is {platform.release()}",
        )
    return found


# --- rules --------------------------------------------------------------------------------------


class Rules:
    """A set of rules under construction; all that none of them grants is refused."""

    def __init__(self, abi: int) -> None:
        self._rights = (1 << _BITS[min(abi, len(_BITS) - 1)]) - 1
        # TCP: to bind and to connect; out of the domain: abstract sockets and signals
        handled = (self._rights, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
        attributes = (ctypes.c_uint64 * 3)(*handled)
        self._set = self._call(_CREATE, ctypes.byref(attributes), ctypes.c_size_t(24), 0)

    def allow(self, handle: int, rights: int) -> None:
        """Grant rights to a file, or to a folder and all below."""
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            rights &= _OF_FILES
        attributes = (rights & self._rights).to_bytes(8, sys.byteorder)
        attributes += handle.to_bytes(4, sys.byteorder)
        self._call(_ADD, ctypes.c_int(self._set), 1, attributes, 0)

    def enforce(self) -> None:
        """Bind this process, which must have one thread, and all of its children."""
        prctl(NO_NEW_PRIVS, 1)
        self._call(_RESTRICT, ctypes.c_int(self._set), 0)
        os.close(self._set)

    @staticmethod
    def _call(number: int, *arguments: Any) -> int:
        result = int(libc().syscall(ctypes.c_long(number), *arguments))
        check_call(min(result, 0), "Landlock")
        return result


def beneath(folder: int, path: str) -> int:
    """A handle of what lies there; no link is followed on the way. Raises OSError for one."""
    names = [name for name in path.split("/") if name]
    handle = os.dup(folder)
    for name in names:
        if name == "..":
            raise OSError(errno.EXDEV, f"a path must not lead upwards, was: {path}")
        above, handle = handle, os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=handle)
        os.close(above)
        if stat.S_ISLNK(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(errno.ELOOP, f"a link where none was: {name} in {path}")
    return handle


def without(path: str, hidden: str) -> Iterator[str]:
    """The path; or, of a folder that holds what is hidden, all else in it."""
    if path == hidden or path.startswith(f"{hidden}/"):
        return
    if not hidden.startswith(f"{path.rstrip('/')}/"):
        yield path
        return
    with os.scandir(path) as entries:
        inside = sorted(entry.path for entry in entries if not entry.is_symlink())
    for each in inside:
        yield from without(each, hidden)


# --- the fork server ----------------------------------------------------------------------------


class Landlock:
    """The steps of this sandbox, in the process that each is for."""

    def __init__(self) -> None:
        self._shared: list[tuple[int, int]] = []  # handles and rights that server and kernels have
        self._abi = self._sockets = -1
        self._view: Visible | None = None
        self._folder = ""  # of one kernel
        self._rules: Rules | None = None

    @property
    def home(self) -> str:
        """The private folder of a kernel."""
        return f"{self._folder}/home"

    @property
    def channels(self) -> str:
        """The folder of a kernel's channels."""
        return self._folder

    def enter(self, view: Visible) -> None:
        """Bind this process, which must have one thread. Raises SandboxError."""
        filter_library()
        self._abi, self._view = usable_version(), view
        try:
            self._enter(view)
        except OSError as error:
            raise SandboxError(
                error.errno, f"the sandbox cannot be set up here: {error}"
            ) from error

    def _enter(self, view: Visible) -> None:
        package, root = os.path.realpath(view.package), os.open("/", os.O_PATH)
        shown = [os.path.realpath(path) for path in view.readable if os.path.exists(path)]
        trees = [part for path in shown for part in without(path, package)]
        trees += [os.path.realpath(f"{package}/{name}") for name in view.visible]
        imported = [os.path.realpath(path) for path in sys.path]
        listed = [p for p in imported if f"{package}/".startswith(f"{p}/") and _within(p, shown)]
        granted = [(path, _LOOK) for path in trees] + [(path, _LIST) for path in listed]
        granted += [(p, _READ | _WRITE | _IOCTL) for p in view.writable if os.path.exists(p)]
        self._shared = [(beneath(root, path), rights) for path, rights in dict(granted).items()]
        self._sockets = beneath(root, os.path.realpath(view.sockets))
        home = beneath(root, os.path.realpath(view.root))
        if os.getuid() == 0 and all(map(_open_to_all, [*trees, view.sockets, view.root])):
            _become_nobody(view.root)
        os.mkdir(f"{view.root}/tmp", 0o700)
        loaded = kischule.__name__ in sys.modules  # its own folder's parent cannot be listed later
        assert loaded
        rules = Rules(self._abi)
        for handle, rights in self._shared:
            rules.allow(handle, rights)
        for handle in (self._sockets, home):
            rules.allow(handle, _OWN | _MAKE_SOCKET)
        rules.allow(beneath(root, "/proc"), _LOOK)
        prctl(NO_NEW_PRIVS, 1)
        rules.enforce()
        os.close(root)

    # --- the supervisor -------------------------------------------------------------------------

    def isolate(self, channels: str) -> None:
        """Make a kernel's private folder and its rules. Raises OSError."""
        assert self._view is not None
        self._folder = f"{os.path.realpath(self._view.sockets)}/{channels}"
        folder = beneath(self._sockets, channels)
        for name in ("home", "home/tmp", "home/work"):
            os.mkdir(name, 0o700, dir_fd=folder)
        self._rules = Rules(self._abi)
        for handle, rights in self._shared:
            self._rules.allow(handle, rights)
        self._rules.allow(folder, _LOOK | _MAKE_SOCKET)
        self._rules.allow(beneath(folder, "home"), _OWN)

    def bound(self) -> None:
        """Do nothing: a kernel that has been sealed can make no file beside its sockets."""

    def overfull(self, kernel: int, limits: Limits) -> bool:
        """Return True if a kernel keeps more files, or larger ones, than it may."""
        try:
            size, count = _stored(self.home, limits)
            return size + _deleted(kernel, self.home) > limits.disk or count > limits.inodes
        except (FileNotFoundError, ProcessLookupError):  # it goes on working while we look
            return False
        except OSError:  # a folder that cannot be looked into
            return True

    # --- the kernel -----------------------------------------------------------------------------

    def confine(self, limits: Limits) -> None:
        """Give up all files but the kernel's own; there is no way back. Raises OSError."""
        assert self._rules is not None
        os.environ.update(home_variables(self.home))
        os.chdir(f"{self.home}/work")
        tempfile.tempdir = None  # the server's
        limit(limits)
        drop_capabilities()
        die_with_parent()
        self._rules.enforce()

    def seal(self, limits: Limits) -> None:
        """Filter the system calls of all threads. Raises OSError."""
        seccomp, rules = filter_library(), call_filter(limits.gpu, ())
        for name in _REFUSED:
            deny(rules, name)
        for name in _WITHOUT_EFFECT:
            deny(rules, name, code=0)
        for name in _OF_ITSELF:
            deny(rules, name, seccomp.Arg(0, seccomp.NE, os.getpid()))
        for name in _OF_THIS_THREAD:
            deny(rules, name, seccomp.Arg(0, seccomp.NE, 0))
        for name in _OF_A_THREAD:
            deny(rules, name, seccomp.Arg(0, seccomp.NE, 0), code=0)
        deny(rules, "setpriority", seccomp.Arg(1, seccomp.NE, 0))
        for name, commands in _OWNERS.items():
            for command in commands:
                deny(rules, name, seccomp.Arg(1, seccomp.MASKED_EQ, INT, command))
        deny(rules, "sendto", seccomp.Arg(4, seccomp.NE, 0))  # to an address
        deny(rules, "socketpair", seccomp.Arg(0, seccomp.NE, socket.AF_UNIX))
        for kind in set(range(16)) - {socket.SOCK_STREAM, socket.SOCK_SEQPACKET}:
            deny(rules, "socketpair", seccomp.Arg(1, seccomp.MASKED_EQ, 15, kind))
        rules.set_attr(seccomp.Attr.CTL_TSYNC, 1)
        rules.load()


def _within(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _open_to_all(path: str) -> bool:
    """Return True if every user may read a file, or list a folder, and reach it."""
    path = os.path.realpath(path)
    found = os.stat(path).st_mode & (stat.S_IROTH | stat.S_IXOTH)
    parents = [os.stat(parent).st_mode & stat.S_IXOTH for parent in Path(path).parents]
    return bool(found) and all(parents)


def _become_nobody(home: str) -> None:
    """Change root's process into an ordinary user's, where that is allowed."""
    try:
        os.chown(home, NOBODY, NOBODY)
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except PermissionError:  # a container may have taken the capability: root alone, and powerless
        return
    prctl(DUMPABLE, 1)  # the supervisor looks at its kernel's open files


def _stored(folder: str, limits: Limits) -> tuple[int, int]:
    """Bytes and number of files below a folder; counting ends beyond the limits."""
    size = count = 0
    folders = [folder]
    while folders and count <= limits.inodes:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                size, count = size + found.st_blocks * 512, count + 1
                if stat.S_ISDIR(found.st_mode):
                    folders.append(entry.path)
    return size, count


def _deleted(process: int, folder: str) -> int:
    """Bytes of files that have no name any more, and are kept by a process."""
    sizes: dict[tuple[int, int], int] = {}
    for name in os.listdir(f"/proc/{process}/fd"):
        try:
            found = os.stat(f"/proc/{process}/fd/{name}")
        except FileNotFoundError:  # it has been closed
            continue
        if found.st_nlink == 0 and stat.S_ISREG(found.st_mode):
            sizes[found.st_dev, found.st_ino] = found.st_blocks * 512
    mapped = 0
    for line in Path(f"/proc/{process}/maps").read_bytes().splitlines():
        if line.endswith(b" (deleted)") and os.fsencode(folder) in line:
            low, high = (int(part, 16) for part in line.split(b" ")[0].split(b"-"))
            mapped += high - low
    return sum(sizes.values()) + mapped
