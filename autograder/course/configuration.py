"""nbgrader's settings in a kischule course."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_config_path
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.preprocessors import (
    ClearSolutions,
    Execute,
    GetGrades,
    SaveAutoGrades,
)
from sqlalchemy.engine import make_url
from traitlets.config import Application, Config

from autograder.course import messages
from autograder.course.assistants import AddAssistantRules
from autograder.course.formgrader import FormgraderPage, HarmlessText, Rubrics
from autograder.course.preprocessors import (
    CarryExercises,
    CarryRelease,
    FeedbackExporter,
    FeedbackPage,
    PlainMetadata,
    SaveResults,
)
from autograder.course.stubs import ClearToStubs, address_in
from autograder.course.timestamps import tolerate
from autograder.errors import UserError
from autograder.notebooks.starting import TRANSPORT_ENCRYPTION

# named rather than imported: they grade, for which the course's release has to be made first
TAKE_IN = "autograder.course.commands.TakeIn"
TRUSTED_EXECUTE = "autograder.course.commands.TrustedExecute"


# each steps aside for nbgrader's where an assignment has no exercises: see `course.ours`
REPLACED: Mapping[Any, Any] = {
    ClearSolutions: ClearToStubs,
    Execute: TRUSTED_EXECUTE,
    SaveAutoGrades: SaveResults,
}

NAME = "nbgrader_config"  # .py or .json


class ConfigurationError(UserError, ValueError):
    """A configuration of nbgrader's that cannot be read, or that this command cannot follow."""


def configure(config: Any) -> None:
    """Apply the settings of a kischule course; for its `nbgrader_config.py`.

    All of nbgrader's commands and formgrader work with them; a course may override any.
    """
    tolerate()
    config.CourseDirectory.course_id = "kischule"
    config.GenerateAssignment.preprocessors = [
        PlainMetadata,
        CarryExercises,
        *_replaced(GenerateAssignment, "preprocessors"),
        CarryRelease,
        AddAssistantRules,
    ]
    config.Autograde.sanitize_preprocessors = [
        TAKE_IN,
        *_replaced(Autograde, "sanitize_preprocessors"),
    ]
    config.Autograde.autograde_preprocessors = _replaced(Autograde, "autograde_preprocessors")
    config.HTMLExporter.preprocessors = [FormgraderPage, HarmlessText, Rubrics]
    config.GenerateFeedback.preprocessors = [
        each
        for stock in _replaced(GenerateFeedback, "preprocessors")
        for each in ((stock, FeedbackPage) if stock is GetGrades else (stock,))
    ]
    config.GenerateFeedback.exporter_class = FeedbackExporter
    config.KernelManager.transport_encryption = TRANSPORT_ENCRYPTION
    # its panel shows all settings, including the server's token, to anyone who sees the screen
    config.FormgradeExtension.debug = False


def _replaced(converter: Any, name: str) -> list[Any]:
    """A converter's own list of preprocessors, with ours in their places."""
    return [REPLACED.get(stock, stock) for stock in converter.class_traits()[name].default()]


def course_config(root: Path) -> Config:
    """Read a course's settings as nbgrader does: ours, the user's files, the course's own.

    Raises ConfigurationError, AddressError.
    """
    config = Config()
    configure(config)
    user = _read(*jupyter_config_path())
    user.CourseDirectory.pop("root", None)  # this course has its own
    config.merge(user)
    with importable(root):
        config.merge(_read(str(root)))
    address_in(config)
    directory = config.CourseDirectory
    if "root" in directory and (root / directory.root).resolve() != root.resolve():
        about = {"file": f"{root / NAME}.py", "folder": directory.root}
        raise ConfigurationError(messages.OTHER_ROOT.format(**about))
    if missing := {TRUSTED_EXECUTE, SaveResults} - set(config.Autograde.autograde_preprocessors):
        about = {"file": f"{root / NAME}.py", "missing": missing.pop()}
        raise ConfigurationError(messages.LEAVES_OUT.format(**about))
    directory.root = str(root)
    if "db_url" in directory:
        directory.db_url = _from(root, directory.db_url)
    return config


def _read(*folders: str) -> Config:
    """Read the configuration files of these folders; the first has the last word."""
    application = Application()
    application.raise_config_file_errors = True
    try:
        application.load_config_file(NAME, path=list(folders))
    except (Exception, SystemExit) as error:  # it is a program
        reason = f"{type(error).__name__}: {error}"
        about = {"file": f"{NAME}.py", "folder": folders[0], "reason": reason}
        raise ConfigurationError(messages.BROKEN_CONFIG.format(**about)) from error
    return application.config


def _from(root: Path, url: str) -> str:
    """The database's address, its file named from the course's folder as nbgrader works there."""
    place = make_url(url)
    if (
        not place.drivername.startswith("sqlite")
        or not place.database
        or place.database == ":memory:"
    ):
        return url
    return place.set(database=str(root / place.database)).render_as_string(hide_password=False)


@contextmanager
def importable(root: Path) -> Iterator[None]:
    """Let modules of the course's folder be imported, as nbgrader does: a plugin for lateness."""
    sys.path.append(str(root))
    try:
        yield
    finally:
        sys.path.remove(str(root))
