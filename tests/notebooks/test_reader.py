"""The bytes of a notebook: read, or refused in a sentence, within bounds of time and memory."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import nbformat
import pytest
from hypothesis import strategies as st
from support.fuzz import EFFORTS, VALUES, fuzz, spoilt_bytes
from support.notebooks import RELEASE, places

from autograder.notebooks import reader
from autograder.notebooks.cells import read_notebook
from autograder.notebooks.reader import UnreadableError, parse

CONTENT = RELEASE.read_bytes()


def code(source: Any = "a = 1", **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, **more}


def written(*cells: Any, nbformat: Any = 4, **more: Any) -> bytes:
    given = {"nbformat": nbformat, "nbformat_minor": 5, "metadata": {}, "cells": cells, **more}
    return json.dumps(given).encode()


def old(*cells: Any, nbformat: int = 3) -> bytes:
    given = {"nbformat": nbformat, "metadata": {}, "worksheets": [{"cells": cells}]}
    return json.dumps(given).encode()


# --- what is read -------------------------------------------------------------------------------


def test_the_release_is_read_as_nbformat_reads_it() -> None:
    ours, theirs = parse(CONTENT), read_notebook(RELEASE)
    assert ours == theirs
    nbformat.validate(ours)


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"]
)
def test_a_notebook_is_read_in_any_encoding_of_unicode(encoding: str) -> None:
    assert parse(CONTENT.decode().encode(encoding)) == parse(CONTENT)
    marked = ("\ufeff" + CONTENT.decode()).encode("utf-16-be")
    assert parse(marked) == parse(CONTENT)


def test_outputs_are_found_by_the_index_of_their_cell() -> None:
    """Whatever is in their place; a list that is too long or no JSON is not read."""
    given: list[Any] = [
        code("a", outputs=[{"text": "A"}, None, 3]),
        {"cell_type": "markdown", "metadata": {"outputs": [7]}, "source": "b"},
        code("c", outputs=[]),
        code("d", outputs=[[], {"outputs": [{"text": "D"}]}]),
        code("e", outputs={"outputs": ["E"]}),
        code("f", outputs=["F" * reader.MAX_SHOWN_BYTES]),
        code("g"),
    ]
    content = written(*given)
    every = range(len(given))
    assert reader.outputs(content, [3, 4]) == {3: given[3]["outputs"]}
    assert reader.outputs(content, every) == {
        0: given[0]["outputs"],
        3: given[3]["outputs"],
        5: None,
    }
    assert [cell.source for cell in parse(content).cells] == list("abcdefg")
    # a key with escapes in it is the same key, but not among those that are cut out
    for value in ("[0]", "[99]", '["0"]', "[[0]]", "0", '{"0": 1}'):
        odd = content.replace(b'"outputs": []', b'"output\\u0073": ' + value.encode())
        assert odd != content
        assert reader.outputs(odd, every).keys() - {0, 2, 3, 5} == set()
    assert reader.outputs(content.replace(b'"A"', b'"A" nonsense'), every).keys() == {3, 5}


def test_outputs_of_a_notebook_are_bounded_together() -> None:
    """Those of cells that nobody asks for do not count; a small one still fits after a large."""
    large, size = "A" * (reader.MAX_SHOWN_BYTES - 10), reader.MAX_SHOWN_ALL
    count = size // (reader.MAX_SHOWN_BYTES - 8) + 2
    content = written(*[code("a", outputs=[large])] * count, code("b", outputs=["small"]))
    found = reader.outputs(content, range(count + 1))
    assert [index for index, shown in found.items() if shown is None] == [count - 2, count - 1]
    assert found[count] == ["small"]
    assert reader.outputs(content, [count - 1]) == {count - 1: [large]}


def test_21_mb_of_pictures_are_no_obstacle() -> None:
    picture = {"output_type": "display_data", "data": {"image/png": "A" * 3_000_000}}
    lines = {"output_type": "stream", "name": "stdout", "text": ['"]} \\" [{\n'] * 1_000}
    tricky = 'print("\\"outputs\\": [")  # "outputs": ['
    content = written(
        code("a = 1", outputs=[picture, lines]), *[code(tricky, outputs=[picture])] * 6
    )
    assert len(content) > 21_000_000
    cells = parse(content).cells
    assert [cell.source for cell in cells] == ["a = 1", *[tricky] * 6]
    assert {len(cell.outputs) for cell in cells} == {0}


def test_a_picture_pasted_into_a_text_stays() -> None:
    picture = {"a.png": {"image/png": "A" * 1_000}}
    text = {"cell_type": "markdown", "metadata": {}, "source": "", "attachments": picture}
    (cell,) = parse(written(text)).cells
    assert cell.attachments == picture


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("lines", [["a = 1\n", "\n", "b"], ["a = 1", "", "b"], "a = 1\n\nb"])
def test_older_versions_are_read_with_texts_as_lists(version: int, lines: Any) -> None:
    cells = [
        {"cell_type": "code", "input": lines, "outputs": [], "prompt_number": 10**9},
        {"cell_type": "markdown", "source": lines},
        {"cell_type": "heading", "level": 2, "source": ["Title"]},
    ]
    found = parse(old(*cells, nbformat=version))
    assert [c.source for c in found.cells] == ["a = 1\n\nb", "a = 1\n\nb", "## Title"]
    assert [c.cell_type for c in found.cells] == ["code", "markdown", "markdown"]
    nbformat.validate(found)


def test_the_first_version_is_read_too() -> None:
    cells = [{"cell_type": "code", "code": "a = 1"}, {"cell_type": "text", "text": "b"}]
    found = parse(json.dumps({"cells": cells}).encode())
    assert [(c.cell_type, c.source) for c in found.cells] == [("code", "a = 1"), ("markdown", "b")]


def test_numbers_that_json_does_not_have_become_none() -> None:
    metadata = b'{"a": NaN, "b": -Infinity, "c": 1e999, "d": ' + b"9" * 5_000 + b"}"
    content = b'{"nbformat": 4, "metadata": %s, "cells": [], "cells": []}' % metadata
    assert set(parse(content).metadata.values()) == {None}


def test_the_last_of_two_equal_keys_counts_as_in_jupyter() -> None:
    cells = [json.dumps([code(text)]).encode() for text in ("first", "last")]
    content = b'{"nbformat": 4, "cells": %s, "cells": %s}' % (cells[0], cells[1])
    assert [c.source for c in parse(content).cells] == ["last"]


def test_signs_that_no_file_takes_are_dropped() -> None:
    (cell,) = parse(written(code("a\x00 = \ud800\r\n\x1b[1m"))).cells
    assert cell.source == "a = ?\n[1m"


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty, not a notebook: save it in Jupyter"),
        (b" \n\x0c", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"\xff\xfe", "the file is empty"),
        (b"\xff\xfe\x00", "neither UTF-8 nor UTF-16"),
        (b'{"a": "\xff"}', "not JSON: .utf-8. codec"),
        (b'{"nbformat": 4, "cells": [', "not JSON"),
        (b'{"nbformat": 4, "cells": [{"outputs": [', "not JSON"),
        (b"PK\x03\x04", "not JSON"),
        (b"{}", "nbformat and cells are missing"),
        (written(nbformat=5), "nbformat must be 1 to 4, was: 5"),
        (written(nbformat=4.0), "was: 4.0"),
        (written(nbformat=10**30), "was: None"),
        (b'{"nbformat": 3, "worksheets": [5]}', "cells must be a list"),
        (written(code(None)), "cell 1 has no text"),
        (written(code(["a", 5])), "cell 1 has no text"),
        (written(code(), code(metadata=[])), "the metadata of cell 2 is not a mapping"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_a_file_that_is_no_notebook_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableError, match=words) as caught:
        parse(content)
    assert "\n" not in str(caught.value)


PLENTY = reader.MAX_TEXT_BYTES
BOMBS: dict[str, Callable[[], bytes]] = {
    "heading": lambda: old({"cell_type": "heading", "level": 10**8, "source": "x"}),
    "heading of many digits": lambda: old(
        {"cell_type": "heading", "level": 1, "source": "x"}
    ).replace(b'"level": 1', b'"level": ' + b"9" * 100_000),
    "heading below one": lambda: old({"cell_type": "heading", "level": -(10**8), "source": "x"}),
    "count": lambda: written(code()).replace(
        b'"code",', b'"code", "execution_count": %s,' % (b"9" * PLENTY)
    ),
    "digits": lambda: (
        b'{"nbformat": 4, "metadata": {"a": 0.%s}, "cells": []}' % (b"9" * 10_000_000)
    ),
    "depth": lambda: b"[" * 400_000,
    "depth of mappings": lambda: b'{"a":' * 300_000,
    "depth within bounds": lambda: written(metadata={"a": json.loads("[" * 900 + "]" * 900)}),
    "lists": lambda: b"[" + b"[]," * 4_000_000,
    "lists within bounds": lambda: b'{"nbformat": 4, "cells": [], "x": [%s0]}' % (b"[]," * 200_000),
    "texts": lambda: b"[" + b'""' * 9_000_000,
    "cells": lambda: written(*[code("")] * 10_000),
    "a large text": lambda: written(code("x" * PLENTY)),
    "much code": lambda: written(*[code("0," * 200_000)] * 6),
    "much metadata": lambda: written(metadata={"a": "x" * PLENTY}),
    "attachments": lambda: written(
        {"cell_type": "raw", "source": "", "attachments": {"a": "A" * PLENTY}}
    ),
    "outputs": lambda: b'{"outputs": [' + b"[" * 9_000_000,
    "empty outputs": lambda: b"{" + b'"outputs":[],' * 2_000_000,
    "blanks": lambda: (b'"outputs"' + b" " * 2_000) * 20_000,
    "backslashes": lambda: b'{"a": "' + b"\\" * 30_000_000,
    "quotation marks": lambda: b'"' * 30_000_001,
    "nothing": lambda: b"\x00" * 30_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_or_refused_at_once(name: str) -> None:
    content = BOMBS[name]()
    began = time.process_time()
    with suppress(UnreadableError):
        assert sum(len(cell.source) for cell in parse(content).cells) < 1_000
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("count", "must not be larger than 20,000,000 bytes without outputs"),
        ("depth", "must not be nested deeper than 40"),
        ("lists", "must not have more than 1,000,000 brackets and commas, was: 12,000,001"),
        ("texts", "must not have more than 1,000,000 texts, was: 9,000,000"),
        ("cells", "must not have more than 2,000 cells, was: 10,000"),
        ("much code", "must not have more than 2,000,000 characters of code"),
    ],
)
def test_a_bound_that_is_exceeded_is_named(name: str, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        parse(BOMBS[name]())


# --- random input -------------------------------------------------------------------------------


def _read_or_refused(content: bytes) -> None:
    try:
        found = parse(content)
    except UnreadableError:
        return
    assert all(type(cell.source) is str for cell in found.cells)
    json.dumps(found, ensure_ascii=False, allow_nan=False)


@EFFORTS
def test_any_bytes_are_read_or_refused(effort: int) -> None:
    small = written(code("a", outputs=[{"text": "b"}]), {"cell_type": "heading", "source": ["c"]})
    files = (
        st.binary(max_size=40) | spoilt_bytes(small) | spoilt_bytes(small.decode().encode("utf-16"))
    )
    fuzz(_read_or_refused, files, examples=400 * effort)


@EFFORTS
def test_any_value_in_any_place_is_read_or_refused(effort: int) -> None:
    sources = (
        written(code("a"), {"cell_type": "markdown", "source": ["b"], "metadata": {"c": 1}}),
        old(
            {"cell_type": "heading", "level": 1, "source": ["c"]},
            {"cell_type": "code", "input": ""},
        ),
    )

    def check(source: bytes, place: int, value: Any) -> None:
        data = json.loads(source)
        there = places(data)
        node, key = there[place % len(there)]
        node[key] = value
        _read_or_refused(json.dumps(data).encode())

    fuzz(check, st.sampled_from(sources), st.integers(0, 99), VALUES, examples=400 * effort)


@pytest.mark.parametrize(
    ("content", "german"),
    [
        (b"", "die Datei ist leer und kein Notebook"),
        (b"PK\x03\x04", "kein JSON ab Zeile 1, Zeichen 1"),
        (written(nbformat=5), "nbformat muss 1 bis 4 sein, war: 5"),
        (written(*[code("")] * 10_000), "nicht mehr als 2.000 Zellen haben, war: 10.000"),
    ],
    ids=("empty", "zip", "version", "cells"),
)
def test_a_refusal_is_in_both_languages(content: bytes, german: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        parse(content)
    assert german in caught.value.text.de
    assert caught.value.text.en == str(caught.value)
