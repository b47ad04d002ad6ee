"""`kischule selftest`: whether a model gives the published outputs on this machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import kischule
from autograder.selftest.comparisons import COMPARISONS, Subject
from autograder.selftest.facts import Fact, Published, load_published, published_models
from kischule import models
from kischule.catalog import FAMILY


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A comparison in words: passed is None where a published output was left out."""

    id: str
    kind: str
    source: str
    passed: bool | None
    expected: str
    got: str


def selftest(name: str, folder: Path | None = None) -> Iterator[Comparison]:
    """Compare a model on this machine with its published outputs; yields one result a fact.

    folder: of the model, if `kischule.load` does not find it under its name. Runs in float32 on the
    CPU. Raises ModelUnavailableError where the model is missing, before the first result;
    PublishedError where there are no facts about it.
    """
    if folder is None and name not in (*published_models(), *FAMILY):
        kischule.load(name, "cpu")  # raises, naming the models there are
    published = load_published(name)
    tokenizer, model = kischule.load(str(folder) if folder else name, "cpu")
    place = folder or (models.where(name) if name in FAMILY else None)
    return _results(published, Subject(tokenizer, model.float(), place))


def _results(published: Published, subject: Subject) -> Iterator[Comparison]:
    for fact in published.facts:
        yield compare(fact, subject)
    for left in published.left_out:
        yield Comparison(
            id=left.id, kind="left out", source="", passed=None, expected="", got=left.reason
        )


def compare(fact: Fact, subject: Subject) -> Comparison:
    """Compare one fact with the model: expected and got, each in one line."""
    passed, expected, got = COMPARISONS[fact.kind](fact, subject)
    return Comparison(
        id=fact.id,
        kind=fact.kind,
        source=fact.source,
        passed=passed,
        expected=expected,
        got=got,
    )
