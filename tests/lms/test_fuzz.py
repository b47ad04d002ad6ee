"""Readers of strangers' files under random input: each raises its one documented error."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autograder.lms.archive import ArchiveError, RefusedError, opened
from autograder.lms.spreadsheet import DELIMITERS, Table, TableError, read_table

FAST = settings(
    max_examples=300,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(FAST, max_examples=20_000, derandomize=False)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])
PIECES = st.sampled_from([*" ,;\t|\"\\\r\n'1aüß\x00\u2028=", "sep=;", '\\"', '","', "\r\n"])
TABLES = st.lists(PIECES, max_size=30).map("".join)


def check_table(text: str, encoding: str) -> None:
    """A table that can be read says the same after it was written."""
    content = text.encode(encoding, "ignore")
    try:
        table = read_table(content, "t.csv")
    except TableError:
        return
    again = read_table(table.content(), "t.csv")
    assert (again.head, again.rows) == (table.head, table.rows)


@given(TABLES, ENCODINGS)
@example(',,"1\r1"', "utf-8")
@example("\n;;;;\",'", "utf-8")
@example('a,b\n"x \\"y\\" z",2\n', "utf-8")
@example('sep=;\n"a,b,c";d\n', "utf-8")
@example('\\"sep=;","\\""', "utf-8")
@example('"\\;","', "utf-8")
@example(";\rsep=;", "utf-8")
@example("sep=;\nsep=;\n", "utf-8")
@FAST
def test_a_table_survives_being_written_and_read(text: str, encoding: str) -> None:
    check_table(text, encoding)


@pytest.mark.slow
@given(TABLES, ENCODINGS)
@LONG
def test_many_tables_survive_being_written_and_read(text: str, encoding: str) -> None:
    check_table(text, encoding)


@given(st.binary(max_size=60))
@FAST
def test_bytes_are_a_table_or_a_table_error(content: bytes) -> None:
    with suppress(TableError):
        read_table(content, "t.csv")


CELLS = st.lists(PIECES, max_size=5).map("".join)
ROWS = st.lists(st.tuples(CELLS, CELLS, st.just("x")).map(list), min_size=1, max_size=4)


@given(ROWS, st.sampled_from(DELIMITERS), st.sampled_from(["\n", "\r\n"]))
@FAST
def test_a_table_of_ours_is_read_as_it_was_made(
    rows: list[list[str]], delimiter: str, line_end: str
) -> None:
    head, *others = rows
    table = Table("t.csv", head, others, delimiter, line_end=line_end)
    again = read_table(table.content(), "t.csv")
    assert (again.head, again.rows) == (head, others)


# --- archives -------------------------------------------------------------------------------------


def _sample() -> bytes:
    """A zip with each method of compression, a name of each kind, and a zip inside."""
    stream, inner = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr("x.ipynb", b"{}")
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    with zipfile.ZipFile(stream, "w") as file:
        for method in methods:
            file.writestr(f"Jörg/{method}.ipynb", b"x" * 40, method)
        file.writestr("a/b.zip", inner.getvalue())
    return stream.getvalue()


SAMPLE = _sample()
DAMAGE = st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255)), max_size=6)


def check_archive(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with suppress(ArchiveError), opened(path) as found:
        for entry in found.entries:
            with suppress(RefusedError):
                entry.read()


def damaged(changes: list[tuple[int, int]]) -> bytes:
    content = bytearray(SAMPLE)
    for place, value in changes:
        content[place] = value
    return bytes(content)


@given(DAMAGE)
@FAST
def test_a_damaged_zip_raises_its_own_errors(
    tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    check_archive(tmp_path / "x.zip", damaged(changes))


@pytest.mark.slow
@given(DAMAGE)
@LONG
def test_many_damaged_zips_raise_their_own_errors(
    tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    check_archive(tmp_path / "x.zip", damaged(changes))
