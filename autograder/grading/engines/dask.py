"""The Dask engine: the same worker as everywhere, one task a submission.

Submissions travel as bytes and records come back; the scheduler holds each once, and only while it
is being graded. What a lost worker had is given to another by Dask; where a worker's fork server
does not live, a submission fails and is tried once more. The rules, the teacher's secret
among them, go to each worker once: who can read a cluster's traffic can read them, unless it uses
TLS.
"""

import asyncio
import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from distributed import Client, LocalCluster, WorkerPlugin, as_completed
from distributed.scheduler import KilledWorker

from autograder.grading import messages, servers
from autograder.grading.record import EngineError, Record, Rules, Status, Task
from autograder.grading.servers import ServerError, ServerGoneError
from autograder.grading.submission import checks_id, grade_submission, settle
from kischule.i18n import Text

MAX_TRIES = 2  # of a submission that failed without its worker being lost
MAX_SETTLED = 3  # tries of a run to begin, each on a worker whose fork server is killed
CONNECT_TIMEOUT_S = 10  # for a scheduler to answer
AHEAD = 4  # submissions a thread that the scheduler may hold at a time
MIN_AHEAD = 32  # that it may hold in any case: a cluster that scales itself must see a queue
CLUSTER_NAME = "kischule"
LOST = "the Dask scheduler is gone; what was graded is kept, the same command goes on from there"


class Cluster:
    """An engine: tasks in, records out, in the order in which they are done."""

    def __init__(
        self,
        jobs: int,
        scheduler: str | None = None,
        warn: Callable[[str], None] = lambda text: None,
    ) -> None:
        """scheduler: its address; None: a cluster on this machine with so many jobs."""
        self.jobs, self.scheduler, self._warn = jobs, scheduler, warn

    def run(self, rules: Rules, tasks: Iterable[Task]) -> Generator[Record, None, None]:
        """A record for each task; tasks are taken when the scheduler may hold more.

        Raises EngineError, IsolationError or ServerError.
        """
        source = iter(tasks)
        if (first := next(source, None)) is None:
            return
        with self._client() as client:
            token = secrets.token_hex(4)  # of this run: another's results are not ours
            try:
                client.register_plugin(Grading(token, rules))
                if warning := _first_warning(client, token):
                    self._warn(warning)
                yield from self._run(client, token, first, source)
            except KilledWorker as error:  # before there was a submission
                reason = _ended(messages.WORKERS_GONE, error)
                raise ServerError(messages.NO_WORKERS.format(reason=reason)) from error
            except (CancelledError, asyncio.CancelledError, OSError) as error:
                raise EngineError(LOST) from error

    @contextmanager
    def _client(self) -> Iterator[Client]:
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        if self.scheduler is None:
            local = LocalCluster(
                n_workers=self.jobs,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
                memory_limit=None,  # a kernel has its own; Dask counts only its workers
                silence_logs=logging.CRITICAL,
            )
            with local, Client(local) as client:
                yield client
            return
        try:
            client = Client(self.scheduler, timeout=CONNECT_TIMEOUT_S)
        except (OSError, ValueError, TimeoutError) as error:
            reason = " ".join(str(error).split())[:200]
            raise EngineError(
                f"no Dask scheduler answers at {self.scheduler} within {CONNECT_TIMEOUT_S} s: "
                f"{reason}"
            ) from error
        with client:
            try:
                yield client
            finally:
                if client.status == "running":
                    client.unregister_worker_plugin(CLUSTER_NAME)

    def _run(
        self, client: Client, token: str, first: Task, source: Iterator[Task]
    ) -> Iterator[Record]:
        running: dict[str, Task] = {}
        tries: Counter[str] = Counter()
        done = as_completed()

        def submit(task: Task) -> None:
            tries[task.key] += 1
            name = f"{CLUSTER_NAME}-{token}-{tries[task.key]}-{task.key}"
            running[name] = task
            done.add(client.submit(work, token, task, key=name, pure=False))

        submit(first)
        while running:
            while len(running) < _window(client) and (task := next(source, None)) is not None:
                submit(task)
            future = next(done)
            task = running.pop(future.key)
            try:
                record = future.result()
            except KilledWorker as error:
                record = Record.failed(task.key, _ended(messages.WORKERS_ENDED, error))
                tries[task.key] = MAX_TRIES
            future.release()
            if record.status == Status.FAILED and tries[task.key] < MAX_TRIES:
                submit(task)
                continue
            del tries[task.key]
            yield record


def _first_warning(client: Client, token: str) -> str:
    """The warning of the first worker that has settled; some may lose their fork servers."""
    for _ in range(MAX_SETTLED):
        try:
            return str(client.submit(warning_of, token, pure=False).result())
        except ServerGoneError as error:
            last = error
    raise ServerError(messages.NO_WORKERS.format(reason=last))


def _ended(how: Text, error: KilledWorker) -> Text:
    return how.format(count=error.allowed_failures + 1)


def _window(client: Client) -> int:
    workers = client.scheduler_info()["workers"].values()
    return max(MIN_AHEAD, AHEAD * sum(worker["nthreads"] for worker in workers))


# --- on the cluster's workers --------------------------------------------------------------------

_rules_by_token: dict[str, Rules] = {}  # by token of a run
_settled: dict[str, tuple[Rules, str]] = {}
_lock = threading.Lock()


class Grading(WorkerPlugin):
    """Brings the rules of a run to each worker, also to those that come later."""

    name = CLUSTER_NAME

    def __init__(self, token: str, rules: Rules) -> None:
        self.token, self.rules = token, rules

    async def setup(self, worker: Any) -> None:
        found = await asyncio.to_thread(checks_id, self.rules.settings.model)
        if found != self.rules.checks:
            raise EngineError(
                f"the worker at {worker.address} has another version of kischule, of its exercises "
                "or of its model; install the same on all machines"
            )
        _rules_by_token[self.token] = self.rules

    async def teardown(self, worker: Any) -> None:
        _rules_by_token.pop(self.token, None)
        _settled.pop(self.token, None)
        await asyncio.to_thread(servers.close_all)


def _settle(token: str) -> tuple[Rules, str]:
    with _lock:
        if token not in _settled:
            rules = _rules_by_token[token]
            settings, warning = settle(rules.settings)
            _settled[token] = replace(rules, settings=settings), warning
        return _settled[token]


def warning_of(token: str) -> str:
    """Settle a worker's isolation; its warning or "". Raises IsolationError or ServerError."""
    return _settle(token)[1]


def work(token: str, task: Task) -> Record:
    """`grade_submission`, where the plugin has brought the rules. Raises as `warning_of`.

    Not for a fork server that is killed each time it starts: that worker may be one of many.
    """
    try:
        rules, _ = _settle(token)
    except ServerGoneError as error:
        return Record.failed(task.key, f"{type(error).__name__}: {error}")
    return grade_submission(rules, task)
