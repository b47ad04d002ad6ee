"""nbgrader's own `autograde`, and formgrader's button, graded by the trusted worker."""

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbgrader.preprocessors import Execute
from traitlets.config import Config

from autograder.course.configuration import course_config
from autograder.course.ours import ForExercises, exercises_by_notebook, notebook_of
from autograder.course.preprocessors import EARLIER, with_record
from autograder.course.release import source_notebooks
from autograder.course.rules import consented, rules_of
from autograder.course.timestamps import STAMP_FILE, usable
from autograder.files import write_atomically
from autograder.grading.plain import not_protected
from autograder.grading.provisioner import KERNEL
from autograder.grading.record import Record, Rules, task_of
from autograder.grading.settings import FLAGS, Settings, setting, trait
from autograder.grading.store import Store
from autograder.grading.submission import grade_submission, settle, take
from autograder.grading.work import take_out
from autograder.notebooks import intake
from autograder.notebooks.cells import is_plain_test, points_of
from autograder.notebooks.flags import Flag
from autograder.notebooks.intake import Submission
from autograder.notebooks.starting import TRANSPORT_ENCRYPTION
from autograder.sandbox.namespaces import MAX_FILES_BYTES
from autograder.sandbox.text import clean

TAKE_OUT_S = 30.0  # for a kernel to send its files

# by course, assignment, and time of the source: formgrader's server outlives a release
_known_rules: dict[tuple[Any, ...], list[Rules]] = {}


class TakeIn(ForExercises):
    """Puts the submission's texts on the release's structure, before anything else.

    `kischule grade` has done it already. For `nbgrader autograde` it is done here, from the file
    itself, before nbgrader reads a cell's metadata, which offers three ways to break a class's run.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Replace the notebook by the rebuilt one; its flags are logged."""
        submission = _submission(self, resources)
        taken = take(_rules_of(self, resources), submission.content)
        flags = [*taken.flags, *self._without_false_time(submission, resources)]
        if flags:
            told = "; ".join(map(str, flags))
            self.log.warning("%s: %s", resources["nbgrader"]["student"], told)
        return taken.notebook, resources

    def _without_false_time(self, submission: Submission, resources: Any) -> tuple[Flag, ...]:
        """Empty the copy of a timestamp.txt that is not a date, as `kischule grade` does."""
        if not os.path.lexists(_folder(self, resources, "submitted") / STAMP_FILE):
            return ()
        stamp, flags = usable(submission.stamp)
        if flags and not (copy := _folder(self, resources, "autograded") / STAMP_FILE).is_dir():
            write_atomically(copy, stamp)
        return flags


class SandboxedExecute(Execute):
    """nbgrader's Execute with a kernel in the sandbox, for assignments without exercises.

    The kernel works on copies of the submission's files; what it has made is taken out at the end.
    """

    def preprocess(self, nb: Any, resources: Any, km: Any = None) -> tuple[Any, Any]:
        """Run the notebook, and note that the student's process decides about its points."""
        store = Store(Path(self.parent.parent.coursedir.root))
        own = TrustedExecute(parent=self.parent).settings()
        settings, warning = settle(consented(store, own))
        cells = sum(cell.cell_type == "code" for cell in nb.cells)
        limit = cells * float(self.timeout or 0)  # 0 or less: none
        limit = limit if limit > 0 else float(setting("time_limit_s").metadata["bounds"][1])
        self._settings = replace(settings, submission_limit_s=limit)
        nb, resources = super().preprocess(nb, resources, km)
        points = sum(points_of(cell) for cell in nb.cells if is_plain_test(cell, ()))
        named = resources["nbgrader"]
        for told in (warning, str(not_protected(points)) if points else ""):
            if told:
                self.log.info("%s: %s", named["student"], told)
        if store.written(named["assignment"], named["student"])[1]:  # not the gradebook's any more
            store.note_written(named["assignment"], named["student"], "", {})
        return nb, resources

    def create_kernel_manager(self) -> Any:
        """Make the manager of a sandboxed kernel. Raises RuntimeError for another language."""
        if self._settings.isolation == "process":
            return super().create_kernel_manager()
        language = self.nb.metadata.get("kernelspec", {}).get("language") or "python"
        if language.lower() != "python":
            raise RuntimeError(
                f"the sandbox has kernels for Python only, the notebook wants: {language}; without "
                'the sandbox: c.TrustedExecute.isolation = "process"'
            )
        from jupyter_client.manager import AsyncKernelManager

        from autograder.grading.kernel import KernelSpecs, bounded_context  # heavy: torch

        self._context = bounded_context(MAX_FILES_BYTES + (1 << 20))
        config = Config()
        config.KernelManager.transport_encryption = TRANSPORT_ENCRYPTION
        specs = KernelSpecs(self._settings)
        self.km = AsyncKernelManager(
            kernel_name=KERNEL, kernel_spec_manager=specs, context=self._context, config=config
        )
        return self.km

    @contextmanager
    def setup_kernel(self, **kwargs: Any) -> Iterator[None]:
        """Have a kernel for a while; at the end its files are taken out."""
        self._context = None
        try:
            with super().setup_kernel(**kwargs):
                yield
                if self._context is not None:  # in the sandbox
                    self._take_out()
        finally:
            if self._context is not None:
                self._context.destroy(linger=0)

    def _take_out(self) -> None:
        from nbclient.util import run_sync

        from autograder.grading.kernel import ask  # heavy: torch
        from autograder.sandbox.wire import WireError

        request = json.dumps({"files": True}).encode()
        try:
            names, *contents = run_sync(ask)(self, request, time.monotonic() + TAKE_OUT_S)
            files = dict(zip(json.loads(names), contents, strict=True))
            refused = take_out(Path(self.resources["metadata"]["path"]), files)
        # whatever the student's process has sent in place of names and contents
        except (RuntimeError, TimeoutError, WireError, ValueError, TypeError) as error:
            refused = [f"all ({type(error).__name__})"]
        if refused:
            self.log.warning("files of the kernel were left out: %s", clean(", ".join(refused)))


class TrustedExecute(ForExercises):
    """Grades the submission with the trusted worker, in place of nbgrader's Execute.

    The record is stored as by `kischule grade`, so that the student's and the class's page have it.
    """

    stock = SandboxedExecute

    isolation = trait("isolation")
    model = trait("model")
    device = trait("device")
    time_limit_s = trait("time_limit_s")
    memory_mib = trait("memory_mib")
    display = trait("display")

    def _time_limit_s_default(self) -> float:
        """The course's limit for ordinary assignments, if it names one; None there: no limit."""
        bounds = setting("time_limit_s").metadata["bounds"]
        given: Any = setting("time_limit_s").default
        if "timeout" in self.config.Execute:
            given = Execute(config=self.config).timeout  # the command line has it as text
        return float(given) if given and given > 0 else float(bounds[1])

    def settings(self) -> Settings:
        """The settings that the course's configuration gives."""
        return Settings(**{name: getattr(self, name) for name in FLAGS})

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Grade the submission, keep its record, and take its outputs over."""
        if not Execute(parent=self.parent).enabled:
            self.log.warning("--no-execute is for ordinary assignments: exercises are graded")
        rules, content = _rules_of(self, resources), _submission(self, resources).content
        record = _in_a_thread(lambda: grade_submission(rules, task_of(rules, content)))
        if not record.results:
            raise RuntimeError("; ".join(map(str, record.flags)))
        named, store = resources["nbgrader"], Store(Path(self.directory.root))
        earlier = store.written(named["assignment"], named["student"])[1]
        resources[EARLIER] = earlier
        store.write(named["assignment"], record)
        # without a mark: `kischule grade` will write it into the gradebook in its own way
        keys = {**earlier, rules.name: record.key}
        store.note_written(named["assignment"], named["student"], "", keys)
        return with_record(nb, resources, record)


def course_settings(course: Path) -> Settings:
    """The settings that a course's configuration gives for its submissions."""
    return TrustedExecute(config=course_config(course)).settings()


def _in_a_thread(work: Callable[[], Record]) -> Record:
    """Run it in a thread: formgrader calls from within its event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def _rules_of(preprocessor: Any, resources: Any) -> Rules:
    """The rules of the notebook; an assignment's are made once a process and source."""
    root, assignment = preprocessor.directory.root, resources["nbgrader"]["assignment"]
    sources = source_notebooks(Path(root), assignment)
    known = root, assignment, *((path.name, path.stat().st_mtime_ns) for path in sources)
    if known not in _known_rules:
        own = TrustedExecute(parent=preprocessor.parent).settings()
        db_url = preprocessor.directory.db_url  # the command line may name another one
        rules = rules_of(Path(root), assignment, own, db_url=db_url)
        settings, warning = settle(rules[0].settings)
        if warning:
            preprocessor.log.warning(warning)
        _known_rules[known] = [replace(each, settings=settings) for each in rules]
    named = notebook_of(resources)
    found = [rules for rules in _known_rules[known] if rules.name == named]
    return next(iter(found or _known_rules[known]))  # the file may have another name


def _submission(preprocessor: Any, resources: Any) -> Submission:
    """The submission's files, as they were submitted."""
    name = _rules_of(preprocessor, resources).name
    folder, directory = _folder(preprocessor, resources, "submitted"), preprocessor.directory
    others = exercises_by_notebook(directory, resources["nbgrader"]["assignment"]).keys() - {name}
    return intake.read_submission(folder, name, others)


def _folder(preprocessor: Any, resources: Any, step: str) -> Path:
    """The student's folder; step: submitted or autograded."""
    directory, named = preprocessor.directory, resources["nbgrader"]
    name = getattr(directory, f"{step}_directory")
    return Path(directory.format_path(name, named["student"], named["assignment"]))
