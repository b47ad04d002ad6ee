"""Memory that is free, and memory that a tree of processes uses."""

from pathlib import Path

import psutil

WORKER_BYTES = 1 << 30  # planned for a worker and its fork server, without a kernel
MAX_SHARE = 0.9  # of the memory that is free when a run begins


def free() -> int:
    """Bytes that are still free on this machine, or in our group of processes."""
    found = [psutil.virtual_memory().available]
    group = Path("/sys/fs/cgroup")  # version 2; a container sees its own group there
    try:
        most = (group / "memory.max").read_text().strip()
        if most != "max":
            found.append(int(most) - int((group / "memory.current").read_text()))
    except (OSError, ValueError):
        pass
    return max(0, min(found))


def used(process: int, exactly: bool = True) -> int:
    """Bytes of a process and all its descendants.

    exactly: count shared memory once, which takes 10 ms a process; otherwise it counts for each.
    """
    try:
        top = psutil.Process(process)
        tree = [top, *top.children(recursive=True)]
    except psutil.Error:
        return 0
    return sum(_one(each, exactly) for each in tree)


def _one(process: psutil.Process, exactly: bool) -> int:
    if exactly:
        try:
            text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            return 1024 * int(text.split("\nPss:")[1].split()[0])
        except (OSError, IndexError, ValueError):
            pass
    try:
        return int(process.memory_info().rss)
    except psutil.Error:  # it has ended
        return 0


def fitting(jobs: int, kernel: int, ceiling: int) -> int:
    """The number of workers that fit, at least one; kernel: bytes that a kernel may use."""
    return max(1, min(jobs, ceiling // (WORKER_BYTES + kernel)))
