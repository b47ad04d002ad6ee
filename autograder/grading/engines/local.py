"""The local engine: worker processes, each with a fork server of its own.

Workers are started when there is work. One that dies, hangs or uses too much memory is replaced;
its submission is tried once more before it counts as failed. So is one that does not start, as
where its fork server or the process that forks workers was killed, MAX_DEATHS times. They end with
the process that started them, however that ends.
"""

import contextlib
import os
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Any

from autograder.grading import memory, messages, processes, servers
from autograder.grading.isolation import IsolationError
from autograder.grading.record import Record, Rules, Status, Task
from autograder.grading.servers import ServerError, ServerGoneError
from autograder.grading.settings import Settings
from autograder.grading.submission import grade_submission, settle
from kischule.i18n import Line, Text

MAX_TRIES = 2  # of a submission
MAX_DEATHS = 3  # in a row, of workers that never worked; those that die together count once
TICK_S = 0.5  # between two looks at the running submissions
SPARE_S = 120.0  # that a worker may take beyond twice a submission's limit
FAREWELL_S = 3.0  # for a worker to clean up when it is stopped


class Pool:
    """An engine: tasks in, records out, in the order in which they are done."""

    def __init__(
        self,
        jobs: int,
        ceiling: int | None = None,
        warn: Callable[[str], None] = lambda text: None,
        tick: Callable[[dict[str, float]], None] = lambda running: None,
    ) -> None:
        """ceiling: bytes over all workers; default: most of what is free now.

        tick is called often, with what runs (keys of tasks) and since when (monotonic seconds).
        """
        if jobs < 1:
            raise ValueError(f"jobs must be at least 1, was: {jobs}")
        self.jobs = jobs
        self.ceiling = ceiling or int(memory.MAX_SHARE * memory.free())
        self._warn, self._tick = warn, tick
        self._workers: list[_Worker] = []
        self._tries: Counter[str] = Counter()
        self._deaths = 0  # in a row, of workers that never worked
        self._warned: set[str] = set()

    def run(self, rules: Rules, tasks: Iterable[Task]) -> Generator[Record, None, None]:
        """A record for each task; tasks are taken when somebody can work on them.

        Raises IsolationError, or ServerError where no worker starts.
        """
        jobs = memory.fitting(self.jobs, rules.settings.memory_mib << 20, self.ceiling)
        if jobs < self.jobs:
            each = (memory.WORKER_BYTES >> 20) + rules.settings.memory_mib
            free = self.ceiling >> 20
            about = {"jobs": jobs, "wanted": self.jobs, "free": free, "each": each}
            self._warn(Line(messages.FEWER_WORKERS.format(**about)))
        source, ahead = iter(tasks), deque[Task]()
        limit = 2 * rules.settings.total_limit_s + SPARE_S
        looked = 0.0
        try:
            while True:
                while len(ahead) < jobs and (task := next(source, None)) is not None:
                    ahead.append(task)
                if not ahead and not any(w.task for w in self._workers):
                    return
                while len(self._workers) < min(jobs, len(ahead) + self._busy()):
                    if not self._start(rules):
                        break
                for worker in self._workers:
                    if worker.ready and worker.task is None and ahead:
                        worker.give(ahead.popleft())
                yield from self._hear(ahead)
                self._tick({w.task.key: w.since for w in self._workers if w.task})
                if time.monotonic() - looked > 2 * TICK_S:
                    looked = time.monotonic()
                    self._watch(limit)
        finally:
            self.close()

    def _busy(self) -> int:
        return sum(w.task is not None for w in self._workers)

    def _start(self, rules: Rules) -> bool:
        """Start a worker; False if that failed, which counts as a worker's death."""
        offer = servers.offer(rules.settings)
        try:
            self._workers.append(_Worker(rules, offer, self._deaths))
        except (EOFError, OSError) as error:  # what forks workers is gone; there will be another
            self._never_worked(self._deaths, f"{type(error).__name__}: {error}")
            return False
        return True

    def _never_worked(self, known: int, reason: Any) -> None:
        """Count a worker's death. known: deaths when it was started. ServerError at MAX_DEATHS."""
        self._deaths += known == self._deaths
        if self._deaths >= MAX_DEATHS:
            raise ServerError(messages.NO_WORKERS.format(reason=reason))

    def _hear(self, ahead: deque[Task]) -> Iterator[Record]:
        """Take the workers' messages, and notice their end."""
        waiting: list[Any] = [w.channel for w in self._workers]
        wait([*waiting, *(w.process.sentinel for w in self._workers)], TICK_S)
        for worker in list(self._workers):
            message = worker.hear()
            if message is None:
                continue
            kind, content = message
            if kind == "refused":
                if not isinstance(content, ServerGoneError):
                    raise content
                kind = "ended"
            if kind == "ready":
                worker.ready, self._deaths = True, 0
                warning, worker.server = content
                if warning and warning not in self._warned:
                    self._warned.add(warning)
                    self._warn(warning)
                continue
            task, worker.task = worker.task, None
            if kind == "ended":
                self._workers.remove(worker)
                worker.stop()
                if task is None:
                    if not worker.ready:
                        self._never_worked(worker.deaths, content)
                    continue
                content = Record.failed(task.key, content, time.monotonic() - worker.since)
            assert task is not None
            self._tries[task.key] += 1
            if content.status == Status.FAILED and self._tries[task.key] < MAX_TRIES:
                ahead.appendleft(task)
                continue
            del self._tries[task.key]
            yield content

    def _watch(self, limit: float) -> None:
        """End workers that take too long, and the largest one if all together use too much."""
        now = time.monotonic()
        for worker in self._workers:
            if worker.task and now - worker.since > limit:
                worker.kill(messages.NO_REPLY.format(seconds=limit))
        if sum(worker.memory(exactly=False) for worker in self._workers) <= self.ceiling:
            return
        sizes = {worker: worker.memory() for worker in self._workers}
        if sum(sizes.values()) > self.ceiling:
            largest = max(sizes, key=lambda w: sizes[w])
            megabytes = {"limit": self.ceiling >> 20, "most": sizes[largest] >> 20}
            largest.kill(messages.MEMORY_OF_ALL.format(**megabytes))

    def close(self) -> None:
        """End all workers, within seconds."""
        for worker in self._workers:
            worker.ask_to_end()
        deadline = time.monotonic() + FAREWELL_S
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            worker.stop()
        self._workers.clear()


def prepare(settings: Settings) -> None:
    """Begin now with what workers need: their imports, and a fork server. Raises as that does.

    To be called before this process has threads.
    """
    processes.warm_up()
    servers.offer(settings)


class _Worker:
    """A worker process, seen from the pool."""

    def __init__(self, rules: Rules, offer: servers.Offer | None, deaths: int) -> None:
        """offer: a server that forks the worker's; None: it starts its own.

        deaths: of workers that never worked, so far. EOFError or OSError where it is not forked.
        """
        context = processes.context()
        self.channel, theirs = context.Pipe()
        self._alive, alive = context.Pipe()
        given = (theirs, alive, rules, offer)
        self.process = context.Process(target=_work, args=given, daemon=False)
        with theirs, alive:
            self.process.start()
        self.deaths = deaths
        self.ready = False
        self.server = 0  # the process of its fork server; 0: it is a child of the worker
        self.task: Task | None = None
        self.since = 0.0
        self._reason: Text | None = None

    def memory(self, exactly: bool = True) -> int:
        """Bytes of the worker, its fork server and its kernels; exactly: see `memory.used`."""
        pids = (self.process.pid, self.server)
        return sum(memory.used(pid, exactly=exactly) for pid in pids if pid)

    def give(self, task: Task) -> None:
        self.task, self.since = task, time.monotonic()
        with contextlib.suppress(OSError):  # it has died: `hear` will say so
            self.channel.send(task)

    def hear(self) -> tuple[str, Any] | None:
        """The latest message: ready, record, refused, or ended with the reason; None: none."""
        try:
            if self.channel.poll():
                return self.channel.recv()
            if self.process.is_alive():
                return None
        except (EOFError, OSError):
            pass
        self.process.join(FAREWELL_S)
        code = self.process.exitcode
        how = f"signal {-code}" if code is not None and code < 0 else f"status {code}"
        return "ended", self._reason or messages.WORKER_ENDED.format(how=how)

    def kill(self, reason: Text) -> None:
        self._reason = self._reason or reason
        self.process.kill()

    def ask_to_end(self) -> None:
        self._alive.close()

    def stop(self) -> None:
        self._alive.close()
        self.channel.close()
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.process.close()


# --- in the worker's process ---------------------------------------------------------------------


def _work(
    channel: Connection, alive: Connection, rules: Rules, offer: servers.Offer | None
) -> None:
    """Grade tasks until the other end closes."""
    import torch  # not above: the pool's own process does without

    from autograder.sandbox.models import model_of

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started us
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with, args=(alive,), daemon=True).start()
    torch.set_num_threads(1)  # as many processes as cores
    twin = servers.adopt(offer) if offer else None  # it is made while we load our own model
    model_of(rules.settings.model)
    try:
        settings, warning = settle(rules.settings)
    except (IsolationError, ServerError) as error:
        channel.send(("refused", error))
        return
    rules = replace(rules, settings=settings)
    channel.send(("ready", (warning, twin.pid if twin else 0)))
    try:
        while True:
            channel.send(("record", grade_submission(rules, channel.recv())))
    except (EOFError, OSError):
        pass
    finally:
        servers.close_all()


def _leave(*_: object) -> None:
    raise SystemExit(1)


def _end_with(alive: Connection) -> None:
    """End when the pool does: it never sends anything, so the channel only ever closes."""
    with contextlib.suppress(EOFError, OSError):
        alive.recv()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(FAREWELL_S)
    os._exit(1)
