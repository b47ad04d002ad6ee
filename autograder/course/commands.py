"""nbgrader's own `autograde`, and formgrader's button, graded by the trusted worker."""

import os
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
from autograder.course.timestamps import STAMP_FILE, usable
from autograder.files import write_atomically
from autograder.grading.record import Record, Rules, task_of
from autograder.grading.settings import FLAGS, Settings, setting, trait
from autograder.grading.store import Store
from autograder.grading.submission import grade_submission, settle, take
from autograder.notebooks import intake
from autograder.notebooks.flags import Flag
from autograder.notebooks.intake import Submission

# by course, assignment, and time of the source: formgrader's server outlives a release
_known_rules: dict[tuple[str, str, int], Rules] = {}


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
        rules, content = _rules_of(self, resources), _submission(self, resources).content
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


def _submission(preprocessor: Any, resources: Any) -> Submission:
    """The submission's files, as they were submitted."""
    name = _rules_of(preprocessor, resources).name
    return intake.read_submission(_folder(preprocessor, resources, "submitted"), name)


def _folder(preprocessor: Any, resources: Any, step: str) -> Path:
    """The student's folder; step: submitted or autograded."""
    directory, named = preprocessor.directory, resources["nbgrader"]
    name = getattr(directory, f"{step}_directory")
    return Path(directory.format_path(name, named["student"], named["assignment"]))
