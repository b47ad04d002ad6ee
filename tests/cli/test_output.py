"""Tables and flags in a terminal: of any script, no wider than the terminal."""

from __future__ import annotations

import pytest
from wcwidth import wcswidth

from autograder.cli.grade import in_brief, print_class
from autograder.cli.output import print_table, shortened

NAMES = [
    "joerg",
    "李小龙",
    "Мария",
    "محمد",
    "สมชาย",
    "कमला",
    "é" * 3,
    "👩‍🏫 Zoë",
    "名" * 30,
    "x" * 200,
]


def row(student: str, flags: list[str], failed: int = 0) -> dict[str, object]:
    exercises = [
        {"id": f"apply_repetition_penalty_{i}", "level": "public", "passed": False, "max_points": 1}
        for i in range(failed)
    ]
    return {
        "student": student,
        "status": "graded",
        "score": 3,
        "max_score": 54,
        "isolation": None,
        "exercises": exercises,
        "flags": flags,
    }


FLAGS = [
    *(f"missing: hidden_exercise_{i}" for i in range(15)),
    *(f"missing: test_exercise_{i}" for i in range(2)),
    "missing: encode_prompt",
    *(f"changed: text_{i}" for i in range(40)),
    "kernel ended (out of memory): explore",
]


def print_rows(rows: list[dict[str, object]], verbose: bool = False) -> None:
    print_class({"submissions": rows}, verbose)


@pytest.mark.parametrize("columns", [40, 80, 100])
def test_no_line_is_wider_than_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    print_rows([row(name, FLAGS, failed=i) for i, name in enumerate(NAMES)])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(wcswidth, lines)) <= columns
    text = "".join("".join(lines).split())
    assert text.count("名") >= 30  # nothing of a name is cut off
    assert text.count("x" * 10) > 0


def test_columns_align_in_any_script(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    print_table(["student", "points"], [[name, "12"] for name in NAMES[:-1]], right=(1,))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(NAMES[:-1])
    assert {wcswidth(line) for line in lines} == {60 + 2 + 6}


def test_flags_stand_below_the_table_in_brief(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([row("li", FLAGS), row("mo", [])])
    table, _, below = capsys.readouterr().out.partition("\n\n")
    assert "missing" not in table
    head, line = below.splitlines()
    assert "--verbose" in head
    assert line.startswith("li: 15 × missing hidden tests; 2 × missing public tests; missing: enc")
    assert in_brief(FLAGS).endswith(
        "; missing: encode_prompt; 40 × changed: text_0, …; kernel ended (out of memory): explore"
    )


def test_verbose_prints_each_flag(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([row("li", FLAGS)], verbose=True)
    below = capsys.readouterr().out.partition("\n\n")[2]
    assert below.splitlines()[1:] == [f"li: {flag}" for flag in FLAGS]


def test_without_flags_the_table_is_all(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([row("li", [])])
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize("text", ["a\nb\tc", "\x1b[2Jx", "a\u0085b", "a\x7fb"])
def test_a_cell_moves_no_cursor(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["x", "y"], [[text, "1"]])
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 3
    assert not {"\x1b", "\x7f", "\t", "\u0085"} & set(out)


def test_a_shortened_text_says_so() -> None:
    assert shortened("名名名", 5) == "名名…"
    assert shortened("名名名", 6) == "名名名"
