"""nbgrader's settings in a kischule course."""

from typing import Any

from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    GetGrades,
    IgnorePattern,
    OverwriteCells,
    OverwriteKernelspec,
)

from autograder.course.preprocessors import (
    FeedbackPage,
    HarmlessText,
    HideMarkScheme,
    PlainMetadata,
    SaveResults,
)
from autograder.feedback.student_page import TEMPLATES
from autograder.notebooks.running import TRANSPORT_ENCRYPTION

CODE_STUB = "# IHR CODE · YOUR CODE\nraise NotImplementedError()"
TEXT_STUB = "*Ihre Antwort · Your answer*"
# named rather than imported: they grade, for which the course's release has to be made first
TAKE_IN = "autograder.course.commands.TakeIn"
TRUSTED_EXECUTE = "autograder.course.commands.TrustedExecute"


def configure(config: Any) -> None:
    """Apply the settings of a kischule course; for its `nbgrader_config.py`.

    All of nbgrader's commands and formgrader work with them; a course may override any.
    """
    config.CourseDirectory.course_id = "kischule"
    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    config.ClearSolutions.text_stub = TEXT_STUB
    # a rubric is part of the locked cell with the question, not of a task cell
    config.ClearMarkScheme.enforce_metadata = False
    config.OverwriteCells.add_missing_cells = True
    stock = GenerateAssignment.class_traits()["preprocessors"].default()
    config.GenerateAssignment.preprocessors = [PlainMetadata, *stock]
    config.Autograde.sanitize_preprocessors = [
        TAKE_IN,
        ClearOutput,
        OverwriteKernelspec,
        OverwriteCells,
        CheckCellMetadata,
    ]
    config.Autograde.autograde_preprocessors = [
        TRUSTED_EXECUTE,
        IgnorePattern,
        ClearMetadataPreprocessor,
        SaveResults,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    config.HTMLExporter.preprocessors = [HideMarkScheme, HarmlessText]
    config.GenerateFeedback.preprocessors = [GetGrades, FeedbackPage, CSSHTMLHeaderPreprocessor]
    # formgrader's own pages use an HTMLExporter as well: this template is for the feedback alone
    config.GenerateFeedback.HTMLExporter.template_name = "kischule"
    config.GenerateFeedback.HTMLExporter.extra_template_basedirs = [str(TEMPLATES)]
    config.KernelManager.transport_encryption = TRANSPORT_ENCRYPTION
    # its panel shows all settings, including the server's token, to anyone who sees the screen
    config.FormgradeExtension.debug = False
