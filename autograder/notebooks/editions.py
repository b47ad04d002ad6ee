"""Editions: the release that a notebook was made from, and the language it is in."""

import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from autograder.exercises.exercise import base_of
from autograder.exercises.packing import pack, unpack
from autograder.files import packaged
from autograder.notebooks.cells import by_id
from autograder.notebooks.matching import match, plain, texts_of
from autograder.notebooks.reader import parse
from kischule.i18n import FORMAL, INFORMAL, INFORMAL_LANGUAGE, LANGUAGE_VARIABLE

CARRIED = "kischule"  # the key in a release's metadata
# in the first cell of a release whose German says du
SAYS_DU = f'os.environ["{LANGUAGE_VARIABLE}"] = "{INFORMAL_LANGUAGE}"'


@dataclass(frozen=True)
class Edition:
    """A released notebook of an assignment."""

    path: Path
    content: bytes | None = None  # None: the file's

    @property
    def name(self) -> str:
        """The name of the notebook's file."""
        return self.path.name

    @property
    def language(self) -> str:
        """The language of its assignment: de or en."""
        return language_of(self.path.parent.name)

    @property
    def address(self) -> str:
        """The address in its German: Sie or du."""
        return address_of(self.release)

    @cached_property
    def release(self) -> Any:
        """The notebook."""
        return parse(self.path.read_bytes() if self.content is None else self.content)

    @cached_property
    def known(self) -> dict[str, Any]:
        """Its cells that have a grade_id, by it."""
        return by_id(self.release)

    def shared(self, notebook: Any) -> set[str]:
        """The grade_ids of its cells that a notebook has, in whatever form (see `matching`)."""
        return match(self.release, notebook).found

    def same(self, notebook: Any) -> int:
        """Count the notebook's cells whose text is one of its own."""
        texts = {plain(cell.source) for cell in self.release.cells}
        return sum(plain(cell.source) in texts for cell in notebook.cells)


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


def is_packaged(release: Any) -> bool:
    """Return True for a release with the same texts as one of the package's."""
    texts = [cell.source for cell in release.cells]
    made = (edition.release for edition in editions(packaged("release")))
    return any(texts == [cell.source for cell in each.cells] for each in made)


def carry(release: Any, assignment: str, notebook: str) -> None:
    """Put a release into its own metadata, so that a student's copy can be compared with it."""
    packed = pack(json.dumps(release, ensure_ascii=False).encode())
    release.metadata[CARRIED] = {"release": packed, "path": f"{assignment}/{notebook}.ipynb"}


def carried_by(notebook: Any) -> Edition | None:
    """The edition that a submitted notebook carries; None: none, or none that can be read."""
    try:
        found = notebook.metadata[CARRIED]
        edition = Edition(Path(found["path"]), unpack(found["release"]))
        return edition if edition.known else None
    except (KeyError, TypeError, ValueError):
        return None


def address_of(release: Any) -> str:
    """The address in a release's German: Sie or du."""
    return INFORMAL if any(SAYS_DU in cell.source for cell in release.cells) else FORMAL


def language_of(assignment: str) -> str:
    """The language of an assignment by its name: `a7_2_en` is in English.

    A translation into a third language, as `a7_2_fr`, gets English messages.
    """
    return "en" if base_of(assignment) != assignment and not assignment.endswith("_de") else "de"


def in_language(assignment: str, language: str) -> str:
    """The edition of an assignment in a language: of `a7_2`, in English, `a7_2_en`."""
    ending = f"_{language}"
    return assignment if language == "de" or assignment.endswith(ending) else assignment + ending


def texts_of_editions(release: Any) -> tuple[dict[str, set[str]], set[str]]:
    """The texts of a release's cells, as they are compared, with those of its other editions.

    The first by grade_id, the second of all cells. An edition that is not the package's own has no
    other ones.
    """
    known = texts_of(release)
    every = {plain(cell.source) for cell in release.cells}
    for texts, others in _packaged_texts():
        if known.keys() <= texts.keys():
            known = {name: found | texts[name] for name, found in known.items()}
            every |= others
    return known, every


@cache
def _packaged_texts() -> list[tuple[dict[str, set[str]], set[str]]]:
    releases = [edition.release for edition in editions(packaged("release"))]
    return [(texts_of(made), {plain(c.source) for c in made.cells}) for made in releases]
