"""The texts of a release: stubs in place of solutions, and German that says du where it should."""

from typing import Any

import nbformat
from nbgrader.preprocessors import ClearSolutions

from autograder.course import messages
from autograder.course.ours import ForExercises
from autograder.errors import UserError
from autograder.notebooks.answers import TEXT_STUB
from autograder.notebooks.cells import Role, is_solution, role
from autograder.notebooks.editions import SAYS_DU, language_of
from kischule.i18n import ADDRESSES, FORMAL, INFORMAL
from kischule.informal import informal

CODE_STUB = "# IHR CODE · YOUR CODE\nraise NotImplementedError()"
ADDRESS_CELL = "kischule_address"  # the grade_id, where no other cell is first
_SPEAK = f"import os\n\n{SAYS_DU}  # Meldungen sagen du"


class AddressError(UserError, ValueError):
    """A setting `c.Kischule.address` that is neither Sie nor du."""


def address_in(config: Any) -> str:
    """The address in what a course's students read, from its configuration. Raises AddressError."""
    chosen = config.get("Kischule", {}).get("address", FORMAL)
    if chosen not in ADDRESSES:
        raise AddressError(messages.NO_ADDRESS.format(was=chosen))
    return str(chosen)


class ClearToStubs(ForExercises, ClearSolutions):
    """Puts our stubs in the place of solutions, and says du if the course does."""

    stock = ClearSolutions

    def _code_stub_default(self) -> dict[str, str]:
        return {"python": CODE_STUB}

    def _text_stub_default(self) -> str:
        return TEXT_STUB

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Clear the solutions; a German notebook in a course that says du does so as well."""
        address = address_in(self.config)
        nb, resources = super().preprocess(nb, resources)
        if address == INFORMAL and language_of(resources["nbgrader"]["assignment"]) == "de":
            say_du(nb)
        return nb, resources

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        """Clear a solution; a picture of the reference's answer goes with its text."""
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if is_solution(cell) and "attachments" in cell:
            shown = {n: p for n, p in cell.attachments.items() if f"attachment:{n}" in cell.source}
            cell.attachments = nbformat.from_dict(shown)
        return cell, resources


def say_du(notebook: Any) -> None:
    """Put du into a notebook's texts, and into its first code cell what makes messages say so.

    Where students may change that cell, one of its own stands before it.
    """
    for cell in notebook.cells:
        cell.source = informal(cell.source)
    codes = [place for place, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    first = notebook.cells[codes[0]]
    if role(first) == Role.LOCKED and not first.source.startswith("%%"):
        first.source = f"{_SPEAK}\n\n{first.source}"
    else:
        notebook.cells.insert(codes[0], locked_cell(_SPEAK, ADDRESS_CELL))


def locked_cell(source: str, name: str) -> Any:
    """Make a code cell that students leave as it is; name: its id."""
    cell = nbformat.v4.new_code_cell(source, id=name)
    about = {"grade": False, "solution": False, "locked": True, "task": False}
    cell.metadata.nbgrader = {**about, "grade_id": name, "schema_version": 3}
    return cell
