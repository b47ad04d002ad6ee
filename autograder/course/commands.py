"""nbgrader's own `autograde`, and formgrader's button, graded by the trusted worker."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbgrader.preprocessors import Execute

from autograder.course.configuration import course_config
from autograder.course.ours import ForExercises
from autograder.course.preprocessors import EARLIER, with_record
from autograder.course.release import source_notebook
from autograder.course.rules import rules_of
from autograder.grading.record import Record, Rules, task_of
from autograder.grading.settings import FLAGS, Settings, setting, trait
from autograder.grading.store import Store
from autograder.grading.submission import grade_submission, settle, take
from autograder.notebooks import intake

# by course, assignment, and time of the source: formgrader's server outlives a release
_known_rules: dict[tuple[str, str, int], Rules] = {}


class TakeIn(ForExercises):
    """Puts the submission's texts on the release's structure, before anything else.

    `kischule grade` has done it already. For `nbgrader autograde` it is done here, from the file
    itself, before nbgrader reads a cell's metadata, which offers three ways to break a class's run.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Replace the notebook by the rebuilt one; its flags are logged."""
        taken = take(_rules_of(self, resources), _submitted_content(self, resources))
        if taken.flags:
            flags = "; ".join(map(str, taken.flags))
            self.log.warning("%s: %s", resources["nbgrader"]["student"], flags)
        return taken.notebook, resources


class TrustedExecute(ForExercises):
    """Grades the submission with the trusted worker, in place of nbgrader's Execute.

    The record is stored as by `kischule grade`, so that the student's and the class's page have it.
    """

    stock = Execute

    isolation = trait("isolation")
    model = trait("model")
    device = trait("device")
    time_limit_s = trait("time_limit_s")
    memory_mib = trait("memory_mib")
    display = trait("display")

    def _time_limit_s_default(self) -> float:
        """The course's limit for ordinary assignments, if it names one; None there: no limit."""
        bounds = setting("time_limit_s").metadata["bounds"]
        given = self.config.Execute.get("timeout", setting("time_limit_s").default)
        return float(given) if given and given > 0 else float(bounds[1])

    def settings(self) -> Settings:
        """The settings that the course's configuration gives."""
        return Settings(**{name: getattr(self, name) for name in FLAGS})

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Grade the submission, keep its record, and take its outputs over."""
        if not Execute(parent=self.parent).enabled:
            self.log.warning("--no-execute is for ordinary assignments: exercises are graded")
        rules, content = _rules_of(self, resources), _submitted_content(self, resources)
        record = _in_a_thread(lambda: grade_submission(rules, task_of(rules, content)))
        if not record.results:
            raise RuntimeError("; ".join(map(str, record.flags)))
        named, store = resources["nbgrader"], Store(Path(self.directory.root))
        resources[EARLIER] = store.written(named["assignment"], named["student"])[1]
        store.write(named["assignment"], record)
        # without a mark: `kischule grade` will write it into the gradebook in its own way
        store.note_written(named["assignment"], named["student"], "", record.key)
        return with_record(nb, resources, record)


def course_settings(course: Path) -> Settings:
    """The settings that a course's configuration gives for its submissions."""
    return TrustedExecute(config=course_config(course)).settings()


def _in_a_thread(work: Callable[[], Record]) -> Record:
    """Run it in a thread: formgrader calls from within its event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def _rules_of(preprocessor: Any, resources: Any) -> Rules:
    """The rules of an assignment, made once a process and source."""
    root, assignment = preprocessor.directory.root, resources["nbgrader"]["assignment"]
    source = source_notebook(Path(root), assignment)
    known = root, assignment, source.stat().st_mtime_ns
    if known not in _known_rules:
        own = TrustedExecute(parent=preprocessor.parent).settings()
        db_url = preprocessor.directory.db_url  # the command line may name another one
        rules = rules_of(Path(root), assignment, own, db_url=db_url)
        settings, warning = settle(rules.settings)
        if warning:
            preprocessor.log.warning(warning)
        _known_rules[known] = replace(rules, settings=settings)
    return _known_rules[known]


def _submitted_content(preprocessor: Any, resources: Any) -> bytes:
    """The submission's file, as it was submitted."""
    directory, named = preprocessor.directory, resources["nbgrader"]
    folder = directory.format_path(
        directory.submitted_directory, named["student"], named["assignment"]
    )
    name = _rules_of(preprocessor, resources).name
    return intake.read_submission(Path(folder), name).content
