"""Flags in both languages, kept in a record."""

from __future__ import annotations

import ast
import copy
import json
import pickle
from collections.abc import Iterator

import pytest
from support.notebooks import ROOT

from autograder.grading.record import Record, Status
from autograder.notebooks.flags import Flag, FlagKind
from autograder.notebooks.messages import EMPTY_FILE, FLAG_WORDS, flag_text
from kischule.i18n import Line, Text

EITHER = "died"  # a reason, as older records have it
SPEAKERS = ("UnreadableError",)


def test_every_kind_of_flag_has_words() -> None:
    assert set(FLAG_WORDS) == set(FlagKind)
    for kind, words in FLAG_WORDS.items():
        assert words.en == str(kind)


@pytest.mark.parametrize(
    ("flag", "german", "english"),
    [
        (Flag(FlagKind.NOT_READABLE, reason=EMPTY_FILE), EMPTY_FILE.de, EMPTY_FILE.en),
        (Flag(FlagKind.MISSING, "filter_top_k"), "fehlende Zelle: filter_top_k", None),
        (Flag(FlagKind.RENAMED, reason="b.ipynb"), "umbenannt: b.ipynb", None),
        (
            Flag(FlagKind.KERNEL_ENDED, "a", Text("abgestürzt", "died")),
            "Kernel beendet (abgestürzt): a",
            "kernel ended (died): a",
        ),
        (Flag(FlagKind.KERNEL_ENDED, "a", EITHER), "Kernel beendet (died): a", None),
        (Flag(FlagKind.EARLIER_GRADE), "die frühere Note gilt", "the earlier grade stands"),
    ],
)
def test_a_flag_speaks_both_languages(flag: Flag, german: str, english: str | None) -> None:
    assert flag_text(flag).de == german
    assert flag_text(flag).en == str(flag) == (english or str(flag))
    record = Record(key="k", status=Status.UNREADABLE, flags=(flag,))
    kept = json.loads(json.dumps(record.as_data()))
    assert Record.from_data(kept).flags == (flag,)


def test_a_line_keeps_its_german() -> None:
    line = Line(Text("ja", "yes"))
    for copied in (pickle.loads(pickle.dumps(line)), copy.deepcopy(line)):
        assert (copied, copied.text) == ("yes", Text("ja", "yes"))


def plain_reasons() -> Iterator[str]:
    """Reasons of unreadable files and of flags that are written in the code as English alone."""
    for path in sorted((ROOT / "autograder").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = [k.value for k in node.keywords if k.arg == "reason"] if name == "Flag" else []
            given += node.args if name in SPEAKERS else node.args[2:] if name == "Flag" else []
            for value in given:
                if isinstance(value, (ast.Constant, ast.JoinedStr)):
                    yield f"{path.name}:{node.lineno}: {ast.unparse(value)}"


def test_no_reason_is_in_english_alone() -> None:
    assert list(plain_reasons()) == []
