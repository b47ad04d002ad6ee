"""Editions: the release that a notebook was made from, and the language it is in."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder.notebooks.cells import by_id, grade_id_of
from autograder.notebooks.intake import parse
from autograder.sandbox.text import clean


@dataclass(frozen=True)
class Edition:
    """A released notebook of an assignment."""

    path: Path

    @property
    def name(self) -> str:
        """The name of the notebook's file."""
        return self.path.name

    @property
    def language(self) -> str:
        """The language of its assignment: de or en."""
        return language_of(self.path.parent.name)

    @cached_property
    def release(self) -> Any:
        """The notebook."""
        return parse(self.path.read_bytes())

    @cached_property
    def known(self) -> dict[str, Any]:
        """Its cells that have a grade_id, by it."""
        return by_id(self.release)

    def shared(self, notebook: Any) -> set[str]:
        """The grade_ids that a notebook has in common with it."""
        return self.known.keys() & set(map(grade_id_of, notebook.cells))

    def same(self, notebook: Any) -> int:
        """Count the notebook's cells with an id whose text is the same, word for word."""
        cells = [cell for cell in notebook.cells if grade_id_of(cell) in self.known]
        return sum(clean(cell.source) == self.known[grade_id_of(cell)].source for cell in cells)


def editions(folder: Path) -> list[Edition]:
    """List the editions in a folder of releases, sorted by assignment."""
    return [Edition(path) for path in sorted(folder.glob("*/*.ipynb"))]


def edition_of(notebook: Any, folder: Path) -> Edition | None:
    """The edition that fits a notebook best, the first of equals; None: no cell in common.

    Editions of an assignment have the same cells: the one with more of the same text fits better.
    """

    def fit(edition: Edition) -> tuple[int, int]:
        return len(edition.shared(notebook)), edition.same(notebook)

    best = max(editions(folder), key=fit, default=None)
    return best if best is not None and best.shared(notebook) else None


def language_of(assignment: str) -> str:
    """The language of an assignment by its name: `a7_2_en` is in English."""
    return "en" if assignment.endswith("_en") else "de"


def in_language(assignment: str, language: str) -> str:
    """The edition of an assignment in a language: of `a7_2`, in English, `a7_2_en`."""
    ending = f"_{language}"
    return assignment if language == "de" or assignment.endswith(ending) else assignment + ending
