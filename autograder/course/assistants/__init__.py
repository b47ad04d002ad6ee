"""Rules for coding assistants that go with a release: explain, ask back, do not solve."""

from pathlib import Path
from typing import Any

from autograder.course.ours import ASSISTANTS, ForExercises
from autograder.files import write_atomically
from autograder.notebooks.editions import language_of


class AddAssistantRules(ForExercises):
    """Puts the rules beside the release, in its language; a file of the course's own stays.

    Coding assistants look for a file of that name. It is no part of what is graded: kernels do not
    get it, submissions need not have it, and a change of it makes no grade an older one.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Write the file, if the source has none."""
        assignment = resources["nbgrader"]["assignment"]
        source, release = (
            Path(self.directory.format_path(step, ".", assignment))
            for step in (self.directory.source_directory, self.directory.release_directory)
        )
        if not (source / ASSISTANTS).exists():
            rules = Path(__file__).parent / f"{language_of(assignment)}.md"
            write_atomically(release / ASSISTANTS, rules.read_bytes())
        return nb, resources
