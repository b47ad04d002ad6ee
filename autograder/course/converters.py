"""nbgrader's converters, run for one assignment and one student of a folder of any name."""

import glob
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from nbgrader import utils
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from autograder.course import messages
from autograder.course.configuration import importable
from autograder.errors import UserError
from autograder.grading.environment import environment


class NbgraderError(UserError, RuntimeError):
    """nbgrader failed; the message is the last error that it logged."""


def run(converter_class: Any, directory: Any, student: str, config: Config) -> Any:
    """Run a converter on the directory's assignment, for one student; returns it.

    Raises NbgraderError; where the database failed, its error is a context of that one.
    """
    converter = converter_class(coursedir=directory, config=config)
    converter.force = True
    folder = converter._format_source(directory.assignment_id, student)
    converter.init_notebooks = lambda: _find(converter, folder)
    with ExitStack() as stack:
        stack.enter_context(own_programs())
        stack.enter_context(importable(Path(directory.root)))
        stack.callback(setattr, utils, "is_ignored", utils.is_ignored)
        utils.is_ignored = _is_ignored
        causes = stack.enter_context(logged_causes(converter.log))
        stack.enter_context(quiet_sqlalchemy())
        try:
            converter.start()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # it also leaves by sys.exit
            raise NbgraderError(causes[0] if causes else str(error)) from error
    return converter


def _find(converter: Any, folder: str) -> None:
    """Find the notebooks: nbgrader would take a folder's name for a pattern, and strip it."""
    found = glob.glob(os.path.join(glob.escape(folder), "*.ipynb"))
    if not found:
        raise NbgraderError(messages.NO_NOTEBOOK_IN.format(folder=folder))
    converter.assignments, converter.notebooks = {folder: found}, []


def _is_ignored(filename: str, patterns: list[str] | None = None) -> bool:
    """nbgrader's own, but for a folder whose name is no pattern."""
    folder = glob.escape(os.path.dirname(filename))
    return any(filename in glob.glob(os.path.join(folder, each)) for each in patterns or ())


def own_programs() -> Any:
    """Put this interpreter's programs on PATH: nbgrader runs `alembic` for a new gradebook."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return environment({"PATH": path})


@contextmanager
def quiet_sqlalchemy() -> Iterator[None]:
    """Ignore a remark of SQLAlchemy 2.1 on the order in which nbgrader 0.9 adds objects."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        yield


@contextmanager
def logged_causes(log: Any) -> Iterator[list[str]]:
    """Keep nbgrader's log off the terminal; yields the list of the causes that it logs."""
    found: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage().strip()
            if text.startswith("Traceback"):  # its last line says what happened
                found.append(text.splitlines()[-1])

    handler = Keep()
    propagate, others, level = log.propagate, log.handlers[:], log.level
    log.propagate, log.handlers = False, [handler]
    log.setLevel(logging.ERROR)
    try:
        yield found
    finally:
        log.propagate, log.handlers = propagate, others
        log.setLevel(level)
