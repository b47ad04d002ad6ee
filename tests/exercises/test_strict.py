"""Reading YAML and JSON strictly: whatever a file holds, there is one documented error."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import strategies as st
from support.fuzz import EFFORTS, VALUES, fuzz, spoilt_bytes
from support.notebooks import places

from autograder.exercises import exercise, strict
from autograder.exercises.exercise import PACKAGED, ExerciseError, ExerciseFiles, parse_exercise
from autograder.exercises.strict import DataError, load_json, load_yaml

NAME = "beam_search.yaml"  # it has aliases
TEXT = PACKAGED.paths["beam_search"].read_text(encoding="utf-8")
LAUGHS = "\n".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30))

MALFORMED = {
    "a number that is none": "a: !!int x",
    "a fraction that is none": "a: !!float x",
    "a date that is none": "a: 2024-13-45",
    "a text as a mapping": "!!map x",
    "a list as a mapping": "!!map [a]",
    "a list as a key": "? [a]\n: b",
    "pairs that are none": "!!pairs [a]",
    "bytes that are none": "!!binary [a]",
    "a tag of Python": "!!python/name:os.system",
    "an unknown alias": "*a",
    "a key that is there twice": "{a: 1, a: 2}",
    "a cycle": "&a [*a]",
    "depth": "[" * 100_000,
    "depth of mappings": "{a: " * 5_000,
    "depth within Python's": "[" * 60 + "]" * 60,
    "many laughs": "a0: &a0 [0]\n" + LAUGHS,
    "half a character": '"\\ud800"',
    "digits": f"a: {'9' * 5_000}",
    "a control character": "a: \x01",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_yaml_is_named_with_its_file(name: str) -> None:
    began = time.process_time()
    with pytest.raises(DataError, match=r"^file.yaml(, line \d+)?: not YAML: "):
        load_yaml(MALFORMED[name], "file.yaml")
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("id", "0x" + "f" * 5_000, "'id' has the wrong type, was: a value of type int"),
        ("rounds", "[[1]]", r"'rounds' has the wrong type, was: \[\[1\]\]"),
        ("tolerance", "0x" + "f" * 5_000, "tolerance must be a finite number"),
        ("bonus", "{public: .nan, hidden: 1}", "bonus: public must be a finite number, was: nan"),
        ("bonus", "{public: .inf, hidden: 1}", "bonus: public must be a finite number, was: inf"),
        ("helpers", "{1: a}", "helpers: a key must be text, was: 1"),
        ("needs", "[a, [b]]", r"'2' has the wrong type, was: \['b'\]"),
        ("title", "{de: [a], en: b}", r"title must be text, was: \['a'\]"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(key: str, value: str, words: str) -> None:
    others = {k: v for k, v in yaml.safe_load(TEXT).items() if k != key}
    text = yaml.safe_dump(others, allow_unicode=True) + f"{key}: {value}\n"
    with pytest.raises(ExerciseError, match=words):
        parse_exercise(text, NAME)


@pytest.mark.parametrize("catches", ["5", "[[a]]", "{a: b}", "[1]", "a"])
def test_misconceptions_that_a_case_catches_are_names(catches: str) -> None:
    text = TEXT.replace("hidden:\n", f"hidden:\n  - {{catches: {catches}}}\n", 1)
    with pytest.raises(ExerciseError, match=r"hidden 1: (catches|'\d'|'catches'|the argument)"):
        parse_exercise(text, NAME)


@pytest.mark.parametrize("key", ["rule", "de", "en"])
def test_a_misconception_is_text(key: str) -> None:
    data = yaml.safe_load(TEXT)
    data["misconceptions"][0][key] = [5]
    with pytest.raises(ExerciseError, match=r"line \d+: misconception 1\b.* was: \[5\]"):
        parse_exercise(yaml.safe_dump(data, allow_unicode=True), NAME)


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(TEXT.encode("utf-16"))
    with pytest.raises(ExerciseError, match=f"{NAME}: must be text in UTF-8"):
        ExerciseFiles(tmp_path)["beam_search"]
    (tmp_path / NAME).write_bytes(TEXT.encode("utf-8-sig"))
    assert ExerciseFiles(tmp_path)["beam_search"] == parse_exercise(TEXT, NAME)


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")
@pytest.mark.parametrize("name", PACKAGED)
def test_libyaml_reads_our_files_as_pyyaml_does(name: str) -> None:
    """The data, and the line of each value in an error."""
    text = PACKAGED.paths[name].read_text(encoding="utf-8")
    slow, quick = (load_yaml(text, name, tested=tested) for tested in (False, True))
    assert json.dumps(quick[0]) == json.dumps(slow[0])  # in which 1, 1.0 and True differ
    assert _lines(quick[1].parts[1]) == _lines(slow[1].parts[1])
    assert parse_exercise(text, f"{name}.yaml", tested=True) == parse_exercise(text, f"{name}.yaml")


def _lines(node: Any) -> Any:
    """A node's tag, line and value, all the way down."""
    if isinstance(node, tuple):
        return tuple(map(_lines, node))
    value = node.value if isinstance(node.value, str) else [_lines(part) for part in node.value]
    return node.tag, node.start_mark.line, value


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")
def test_our_files_are_read_by_libyaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / NAME).write_text(TEXT, encoding="utf-8")
    loaded = exercise._load_file.__wrapped__
    expected = loaded(PACKAGED.paths["beam_search"], 0)
    monkeypatch.setattr(strict, "_UniqueKeys", None)  # PyYAML's own reader
    assert loaded(PACKAGED.paths["beam_search"], 0) == expected
    with pytest.raises(ExerciseError):
        loaded(tmp_path / NAME, 0)


PLACES = {
    "checker": (
        "checker: beam",
        "chekcer: beam",
        "unknown key 'chekcer' (did you mean 'checker'?)",
    ),
    "points": (
        "{public: 2, hidden: 2}",
        "{publik: 2}",
        "bonus: unknown key 'publik' (did you mean 'public'?)",
    ),
    "type": ("needs: [next_token_probs]", "needs: [5]", "needs: '1' has the wrong type, was: 5"),
    "language": (
        "  en: 'Section",
        "  eng: 'Section",
        "read: unknown key 'eng' (did you mean 'en'?)",
    ),
    "argument": (
        "max_length: 5, num_beams: 2}",
        "max_length: 5, num_beam: 2}",
        "hidden 6: unknown key 'num_beam' (did you mean 'num_beams'?)",
    ),
    "catches": (
        "catches: [beam_by_the_mean, beam_by_the_whole_mean]",
        "catches: beam",
        "hidden 8: 'catches' has the wrong type, was: 'beam'",
    ),
    "id": ("id: beam_search", "id: beam", "id must be the file's name, was: 'beam'"),
}


@pytest.mark.parametrize("name", PLACES)
def test_an_error_names_file_line_key_and_the_nearest(name: str) -> None:
    old, new, words = PLACES[name]
    assert old in TEXT
    line = TEXT.partition(old)[0].count("\n") + 1
    with pytest.raises(ExerciseError) as caught:
        parse_exercise(TEXT.replace(old, new, 1), NAME)
    assert str(caught.value).startswith(f"{NAME}, line {line}: {words}")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("rounds: 3", "the key 'rounds' is there already"),
        ("a: [1, 2}", "expected ',' or ']', but got '}'"),
        ("a: \x01", "'\\x01' in it"),
        ("on: 1", "unknown key True; allowed: id, title"),
        ("5: 1", "unknown key 5; allowed: id, title"),
        ("tolerance: !!float x", "not YAML: could not convert string to float"),
        ("tolerance: 2024-13-45", "not YAML: month must be in 1..12"),
        ("a: *there", "found undefined alias 'there'"),
        ("tolerance: .inf", "tolerance must be a finite number, was: inf"),
        ("reference: solutoin", "must be one of oracle, solution, was: 'solutoin' (did you mean"),
        ("helpers: {a: b, c: 5}", "helpers: 'c' has the wrong type, was: 5"),
        ("hints: [{de: a, en: b}]", "hints must be 3 steps, or left out, was: 1"),
    ],
)
def test_an_error_in_the_last_line_names_it(more: str, words: str) -> None:
    key = more.partition(":")[0]
    keys = {"id", "title", "parameters", "checker", "read", "cases", "rounds"} - (
        {key} - {"rounds"}
    )
    small = {k: v for k, v in yaml.safe_load(TEXT).items() if k in keys}
    text = yaml.safe_dump(small, allow_unicode=True, width=10_000)
    with pytest.raises(ExerciseError) as caught:
        parse_exercise(f"{text}{more}\n", NAME)
    assert str(caught.value).startswith(f"{NAME}, line {text.count(chr(10)) + 1}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "9" * 5_000, b"\xff", "nul"])
def test_malformed_json_is_named_with_its_file(text: str | bytes) -> None:
    with pytest.raises(DataError, match=r"^f: not JSON: "):
        load_json(text, "f")


# --- random input -------------------------------------------------------------------------------


@EFFORTS
def test_any_text_is_yaml_or_refused(effort: int) -> None:
    pieces = ["&a ", "*a", "- ", "? ", ": ", "{", "}", "[", "]", ",", "\n", " ", "!!int ", "!!set "]
    pieces += ["!!map ", "!!omap ", "!!timestamp ", "!!null ", "|\n", ">", "'", '"', "<<: ", "a"]
    pieces += ["0x", "1", ".inf", "2024-01-99", "\t", "#", "%YAML 9", "---", "...", "\ud800", "~"]

    def check(parts: list[str]) -> None:
        with suppress(DataError):
            load_yaml("".join(parts), "f")

    fuzz(check, st.lists(st.sampled_from(pieces), max_size=14), examples=400 * effort)


@EFFORTS
def test_any_exercise_file_is_read_or_refused(effort: int) -> None:
    """Bytes of a file that is there, spoilt; and other values in its places."""
    small = yaml.safe_load(TEXT)
    for key in ("misconceptions", "cases", "hidden"):
        small[key] = small[key][:1]
    small["expected"] = {"model": "m", "replies": [None]}
    written = yaml.safe_dump(small, allow_unicode=True).encode()
    count = len(places(small))

    def spoilt(content: bytes) -> None:
        with suppress(ExerciseError):
            parse_exercise(content.decode(errors="replace"), NAME)

    def changed(place: int, value: Any) -> None:
        data, _ = load_yaml(written.decode(), NAME)
        node, key = places(data)[place]
        node[key] = value
        text = yaml.safe_dump(data, allow_unicode=True) if abs(_size(value)) < 10**300 else ""
        spoilt(text.encode(errors="replace"))

    fuzz(spoilt, spoilt_bytes(written), examples=60 * effort)
    fuzz(changed, st.integers(0, count - 1), VALUES, examples=60 * effort)


def _size(value: Any) -> int:
    return value if isinstance(value, int) else 0
