"""The command in German and English: chosen, and complete."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import school
from support.notebooks import ROOT

from autograder.cli import main, messages
from autograder.cli.grade import print_class
from autograder.cli.language import of_course, of_system, spoken
from autograder.cli.output import LANGUAGE
from autograder.cli.parser import parser
from autograder.cli.progress import Progress
from autograder.course.new_course import CONFIG, new_course
from autograder.grading.record import Status
from autograder.notebooks.flags import Flag, FlagKind
from autograder.notebooks.messages import flag_text
from kischule.i18n import Counted, Line, Text

CLI = ROOT / "autograder" / "cli"
COMMANDS = sorted({*CLI.glob("*.py")} - {CLI / "parser.py"})  # --help is English
# what a developer reads: see docs/limits.md
ENGLISH = ("models.py",)
PRINTERS = ("print", "stdout", "stderr", "print_table", "input", "_say")
WORD = re.compile(r"[a-z]{3,}")


@pytest.fixture
def german() -> Iterator[None]:
    token = LANGUAGE.set("de")
    yield
    LANGUAGE.reset(token)


# --- chosen ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "language"),
    [
        ("c = get_config()\nc.Kischule.language = 'de'\n", "de"),
        ("c = get_config()\nc.FeedbackPage.language = 'de'\nc.Kischule.language = 'en'\n", "en"),
        ("get_config().FeedbackPage.language = 'de'\n", "de"),
        ("c.Kischule.language = 'fr'\n", ""),
        ("c.Kischule.language = ['de']\n", ""),
        (CONFIG, ""),
        ("this is not Python", ""),
    ],
)
def test_a_course_sets_the_language(tmp_path: Path, config: str, language: str) -> None:
    (tmp_path / "nbgrader_config.py").write_text(config, encoding="utf-8")
    assert of_course(tmp_path) == language


def test_a_json_file_sets_it_too(tmp_path: Path) -> None:
    assert of_course(tmp_path) == ""
    (tmp_path / "nbgrader_config.json").write_text('{"Kischule": {"language": "de"}}')
    assert of_course(tmp_path) == "de"
    (tmp_path / "nbgrader_config.json").write_text("[1]")
    assert of_course(tmp_path) == ""


@pytest.mark.parametrize(
    ("name", "language"), [("de_DE.UTF-8", "de"), ("German_Germany", "de"), ("C", "en")]
)
def test_the_system_has_a_language(
    monkeypatch: pytest.MonkeyPatch, name: str, language: str
) -> None:
    monkeypatch.setenv("LC_ALL", name)
    assert of_system() == language


def parsed(*words: str) -> argparse.Namespace:
    return parser().parse_args(words)


def test_the_option_stands_before_or_after_the_command(tmp_path: Path) -> None:
    assert spoken(parsed("--language", "de", "grade", "a7_2")) == "de"
    assert spoken(parsed("grade", "a7_2", "--language", "de")) == "de"
    release = parsed("--language", "de", "release", "a7_2", "--language", "en")
    assert (spoken(release), release.language) == ("de", "en")  # the edition is its own
    assert spoken(parsed("check", "x.ipynb", "--language", "de")) == "de"
    new_course(tmp_path / "new", "de")
    assert spoken(parsed("grade", "a7_2", "--course", str(tmp_path / "new"))) == "de"
    assert spoken(parsed("grade", "a7_2", "--course", str(tmp_path))) == "en"


# --- said -----------------------------------------------------------------------------------------


def test_errors_are_in_the_language_of_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = school.course(tmp_path / "course")
    (course / "submitted").mkdir()
    words = [school.ASSIGNMENT, "--course", str(course), "--language"]
    assert main(["grade", *words, "de"]) == 2
    told = capsys.readouterr().err
    assert "wird bewertet" in told
    assert "kischule: keine Abgabe zu" in told
    assert main(["grade", *words, "en"]) == 2
    assert "kischule: no submission for" in capsys.readouterr().err
    lines = ["--language", "de", "import", "folder", str(tmp_path / "no.zip"), school.ASSIGNMENT]
    assert main([*lines, "--course", str(course)]) == 2
    assert "muss eine zip-Datei oder ein Ordner sein" in capsys.readouterr().err


def test_an_import_reports_in_german(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    course = school.course(tmp_path / "course")
    for name, content in (("ada", school.notebook("mine")), ("bob", b"")):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / "Work.ipynb").write_bytes(content)
    words = ["import", "folder", str(tmp_path / "all"), school.ASSIGNMENT, "--language", "de"]
    assert main([*words, "--course", str(course)]) == 3
    out, err = capsys.readouterr()
    assert out.startswith("2 neu, 0 durch eine neuere Abgabe ersetzt, 0 wie zuvor, 0 abgelehnt")
    assert f"ada/Work.ipynb: übernommen als {school.NAME}" in err
    assert "unsicher: bob: das neueste Notebook ist nicht lesbar: bob/Work.ipynb: die Datei" in err


ROW = {
    "student": "ada",
    "status": str(Status.TIMEOUT),
    "score": 1.5,
    "max_score": 54.0,
    "isolation": "landlock",
    "seconds": 2.5,
    "exercises": [
        {"id": "filter_top_k", "level": "hidden", "passed": False, "max_points": 2.0},
        {"id": "observation_greedy", "level": "manual", "passed": None, "max_points": 2.5},
    ],
    "flags": [Line(flag_text(Flag(FlagKind.MISSING, name))) for name in ("hidden_a", "hidden_b")],
}


@pytest.mark.usefixtures("german")
def test_the_table_is_german(capsys: pytest.CaptureFixture[str]) -> None:
    print_class({"submissions": [ROW], "absent": ["bob"]})
    told = capsys.readouterr().out
    for words in (
        "Zeit abgelaufen",
        "1,5/54",
        "2,5",
        "filter_top_k (verdeckt)",
        "nichts abgegeben",
        "ada: 2 × fehlende Zelle verdeckte Tests",
        "Isolation: landlock",
    ):
        assert words in told


@pytest.mark.usefixtures("german")
def test_progress_is_german(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    progress.begin(2)
    progress.done(ROW, known=False)
    progress.done(ROW, known=True)
    progress.writing(1)
    progress.warn(Line(Text("Achtung", "mind")))
    progress.end()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("[1/2] ada: Zeit abgelaufen, 1,5/54, 2,5 s · ")
    assert " in der Minute, noch " in lines[0]
    assert lines[1:] == [
        "alle bewertet; 1 Eintrag im Notenbuch ist noch zu prüfen oder zu schreiben",
        "kischule: Warnung: Achtung",
        "1 von 2 waren schon bewertet",
    ]


# --- complete -------------------------------------------------------------------------------------


def named(call: ast.Call) -> str:
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def sentences(value: ast.expr) -> Iterator[str]:
    """The words in a literal or a formatted text, without what is filled in."""
    parts = value.values if isinstance(value, ast.JoinedStr) else [value]
    text = " ".join(
        part.value
        for part in parts
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )
    if WORD.search(text.replace("kischule:", "")):
        yield text


def in_one_language(path: Path) -> Iterator[str]:
    """Sentences that a command prints or raises and that are not a Text."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and (
            named(node) in PRINTERS or named(node).endswith("Error")
        ):
            for argument in node.args:
                inner = argument.elts if isinstance(argument, ast.List) else [argument]
                yield from (f"{path.name}: {text}" for each in inner for text in sentences(each))


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_a_command_says_nothing_in_one_language(path: Path) -> None:
    found = list(in_one_language(path))
    assert bool(found) == (path.name in ENGLISH), found


# modules whose errors a teacher meets on an evening; in the others they stay English
TRANSLATED = (
    *(f"course/{n}" for n in ("adjust", "configuration", "gradebook", "grade", "grading_key")),
    *(f"course/{n}" for n in ("new_course", "pages", "release")),
    *(f"lms/{n}" for n in ("archive", "canvas", "folder", "ilias", "local_time", "moodle")),
    *(f"lms/{n}" for n in ("people", "roster", "spreadsheet", "submissions", "systems", "final")),
    "lms/forget",
    *("grading/store", "notebooks/intake", "notebooks/reader"),
)


@pytest.mark.parametrize("name", TRANSLATED)
def test_an_error_of_an_evening_is_a_text(name: str) -> None:
    assert not list(in_one_language(ROOT / "autograder" / f"{name}.py"))


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)", text))


def test_both_languages_have_the_same_placeholders() -> None:
    for name, value in vars(messages).items():
        for each in (value.one, value.many) if isinstance(value, Counted) else (value,):
            if isinstance(each, Text):
                assert placeholders(each.de) == placeholders(each.en), name
