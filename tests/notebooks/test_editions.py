"""The English edition of the notebook is the German one, cell by cell, in English."""

from __future__ import annotations

import ast
import copy
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from IPython.core.inputtransformer2 import TransformerManager
from support.notebooks import A7_2, EXERCISES, RELEASE, ROOT, SOURCE, filled

from autograder.course.release import layout_problems
from autograder.notebooks.cells import metadata_of, read_notebook
from autograder.notebooks.editions import edition_of, in_language
from autograder.notebooks.exercises import exercises_in
from kischule.i18n import LANGUAGE_VARIABLE

ENGLISH = ROOT / "source" / "a7_2_en" / "A7_2.ipynb"

LANGUAGE = f'import os\nos.environ["{LANGUAGE_VARIABLE}"] = "en"'  # before all else, in `setup`
MARKER = re.compile(r"^( *)(### (?:BEGIN|END) .*)$", re.MULTILINE)
SHOWN_AS = (
    "label",
    "labels",
    "title",
    "xlabel",
    "ylabel",
)  # keyword arguments whose text is for a reader

# none of these is English, as it is written here
GERMAN_WORDS = (
    *("Anfang", "Aufgabe", "Beobachtung", "Beobachten", "Der", "Das", "Ein", "Eine"),
    *("Hinweis", "Ihre", "Leerraum", "Modell", "Punkte", "Sie", "Strahlen", "Wahrscheinlichkeit"),
    *("alle", "auf", "aus", "bleibt", "bleiben", "das", "der", "die Tokens", "durch", "ein"),
    *("eine", "ist", "je", "jeder", "mal", "mit", "nicht", "nur", "oder", "sind", "und", "von"),
    *("wird", "zum", "zur"),
)
GERMAN = re.compile(
    rf"[äöüÄÖÜß„]|\b(?:{'|'.join(GERMAN_WORDS)})\b"
    r"|\b\d+,\d{1,2}\b"  # a decimal comma
)


# --- what two editions have in common -------------------------------------------------------------


def structure_problems(german: Any, english: Any) -> list[str]:
    """Where ids, order, types or metadata of the cells differ; empty if nowhere."""
    ours, theirs = ([c.id for c in notebook.cells] for notebook in (german, english))
    if ours != theirs:
        odd = [a or b for a, b in zip(ours, theirs, strict=False) if a != b]
        odd = odd or ours[len(theirs) :] or theirs[len(ours) :]
        return [f"not the same cells in the same order, from: {odd[0]}"]
    problems = [
        f"{a.id}: {part} differs"
        for a, b in zip(german.cells, english.cells, strict=True)
        for part in ("cell_type", "metadata")
        if a[part] != b[part]
    ]
    return problems + ["the notebook's metadata differ"] * (german.metadata != english.metadata)


def code_problems(german: Any, english: Any) -> list[str]:
    """Cells whose code differs in more than what a reader sees; empty if there is none."""
    problems = []
    for ours, theirs in _pairs(german, english, "code"):
        source = theirs.source
        if theirs.id == "setup":
            beginning = ast.parse(_python(source)).body[:2]
            if [ast.dump(node) for node in beginning] != list(map(ast.dump, _body(LANGUAGE))):
                problems.append(f"setup: must begin with {LANGUAGE!r}")
                continue
            source = source.partition('"en"')[2]
        if _code(ours.source) != _code(source):
            problems.append(f"{ours.id}: the code differs")
    return problems


def _pairs(german: Any, english: Any, cell_type: str) -> list[tuple[Any, Any]]:
    there = {cell.id: cell for cell in english.cells}
    return [(c, there[c.id]) for c in german.cells if c.cell_type == cell_type and c.id in there]


def _python(source: str) -> str:
    """A cell's text without IPython's own syntax."""
    return TransformerManager().transform_cell(source)


def _body(source: str) -> list[ast.stmt]:
    return ast.parse(source).body


def _code(source: str) -> str:
    """The syntax tree without what a reader sees; nbgrader's markers are statements of it."""
    tree = ast.parse(MARKER.sub(r'\1"\2"', _python(source)))
    return ast.dump(Unseen().visit(tree), indent=1)


class Unseen(ast.NodeTransformer):
    """Takes out docstrings, the text in f-strings, and what print and labels are given as text.

    All other strings stay: prompts, keys of settings, names of columns, formats of numbers.
    """

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        if ast.get_docstring(node) is not None:
            node.body[0] = ast.Expr(ast.Constant("docstring"))
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        node.values = [v for v in node.values if isinstance(v, ast.FormattedValue)]
        for value in node.values:
            value.value = self.visit(value.value)  # and not its format
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "print":
            node.args = list(map(_blank, node.args))
        for keyword in node.keywords:
            if keyword.arg in SHOWN_AS:
                keyword.value = _blank(keyword.value)
        return node


def _blank(node: ast.expr) -> ast.expr:
    """A text is blanked, and each one of a list of texts; anything else stays as it is."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return ast.Constant("text")
    if isinstance(node, (ast.List, ast.Tuple)):
        node.elts = list(map(_blank, node.elts))
    return node


def fact_problems(german: Any, english: Any) -> list[str]:
    """Texts that do not name the same code, lead to the same pages, or have the same layout."""
    problems = []
    for ours, theirs in _pairs(german, english, "markdown"):
        for what, found in FACTS.items():
            if found(ours.source) != found(theirs.source):
                problems.append(f"{ours.id}: not the same {what}")
    return problems


def _found(pattern: str) -> Callable[[str], list[str]]:
    return lambda text: re.findall(pattern, text, re.MULTILINE)


PAIR = {
    "`(Text, Wahrscheinlichkeit)`",
    "`(text, probability)`",
}  # words, though they look like code

FACTS: dict[str, Callable[[str], object]] = {
    "code": lambda text: set(re.findall(r"`[^`]+`", text)) - PAIR,
    "links": lambda text: _found(r"https?://[^\s\")]+")(text.replace("/a7_2_en/", "/a7_2/")),
    "markers": _found(r"^=== .* ===$"),
    "headings, lists and tables": _found(r"^(#+ |\* |\d+\. |\|[-:|]+$)"),
    "columns": _found(r"^\||\|(?=.)|\|$"),
    "paragraphs": lambda text: len(re.split(r"\n{2,}", text)),
    "points": lambda text: Counter(re.findall(r"\b\d (?=[Pp]unkt|[Pp]oint)", text)),
}


# --- what an English edition is -----------------------------------------------------------------


def german_left(notebook: Any) -> list[str]:
    """Places with German in them, in any cell: text, comments and strings."""
    return [f"{c.id}: {m[0]!r}" for c in notebook.cells for m in GERMAN.finditer(c.source)]


def untranslated(german: Any, english: Any) -> list[str]:
    """Texts that are the same in both, word for word."""
    pairs = _pairs(german, english, "markdown")
    return [ours.id for ours, theirs in pairs if ours.source == theirs.source]


@cache
def _notebooks() -> tuple[Any, Any]:
    return read_notebook(SOURCE), read_notebook(ENGLISH)


@pytest.fixture
def german() -> Any:
    return copy.deepcopy(_notebooks()[0])


@pytest.fixture
def english() -> Any:
    return copy.deepcopy(_notebooks()[1])


def test_both_have_the_same_cells_with_the_same_metadata(german: Any, english: Any) -> None:
    assert structure_problems(german, english) == []


def test_both_give_the_same_points_in_all(german: Any, english: Any) -> None:
    def points(notebook: Any) -> float:
        return sum(metadata_of(cell).get("points", 0) for cell in notebook.cells)

    assert points(english) == points(german) > 0


def test_the_code_is_the_same_but_for_what_a_reader_sees(german: Any, english: Any) -> None:
    assert code_problems(german, english) == []


def test_both_name_the_same_code_links_markers_and_points(german: Any, english: Any) -> None:
    assert fact_problems(german, english) == []


def test_no_german_is_left_in_the_english_edition(english: Any) -> None:
    assert german_left(english) == []


def test_both_editions_of_a7_2_plus_are_one() -> None:
    folders = [ROOT / "source" / name for name in ("a7_2_plus", "a7_2_plus_en")]
    german, english = (read_notebook(folder / "A7_2_plus.ipynb") for folder in folders)
    assert structure_problems(german, english) == []
    assert code_problems(german, english) == []
    assert german_left(english) == []


def test_every_text_is_there_in_english(german: Any, english: Any) -> None:
    assert untranslated(german, english) == []
    assert all(cell.source.strip() for cell in english.cells)


def test_the_english_edition_agrees_with_the_exercise_files(english: Any) -> None:
    exercises = exercises_in(english, A7_2)
    assert list(exercises) == list(EXERCISES)
    assert layout_problems(english, exercises) == []


def test_the_english_edition_leads_to_its_own_release_in_colab(english: Any) -> None:
    badge = "colab.research.google.com/github/insitubytes/kischule/blob/main/release/"
    assert [c.id for c in english.cells if badge + "a7_2_en/A7_2.ipynb" in c.source] == ["intro"]
    assert not any(badge + "a7_2/" in cell.source for cell in english.cells)


@pytest.mark.parametrize(
    ("assignment", "language", "expected"),
    [
        ("a7_2", "de", "a7_2"),
        ("a7_2", "en", "a7_2_en"),
        ("a7_2_en", "en", "a7_2_en"),
        ("a7_2_en", "de", "a7_2_en"),
        ("a7_2_tests", "en", "a7_2_tests_en"),
    ],
)
def test_an_edition_is_an_assignment_of_its_own(
    assignment: str, language: str, expected: str
) -> None:
    assert in_language(assignment, language) == expected


# --- the comparisons see what they are for --------------------------------------------------------


def _cell(notebook: Any, cell_id: str) -> Any:
    return next(cell for cell in notebook.cells if cell.id == cell_id)


def _swap(notebook: Any) -> None:
    cells = notebook.cells
    cells[4], cells[5] = cells[5], cells[4]


STRUCTURE: dict[str, tuple[Callable[[Any], object], str]] = {
    "a cell is missing": (lambda n: n.cells.pop(8), "from: task_encode_prompt"),
    "the last cell is missing": (lambda n: n.cells.pop(), "from: closing"),
    "a cell is there twice": (lambda n: n.cells.append(n.cells[0]), "from: intro"),
    "two cells have changed places": (_swap, "from: model_family"),
    "other points": (
        lambda n: _cell(n, "test_top_tokens").metadata.nbgrader.update(points=7),
        "test_top_tokens: metadata differs",
    ),
    "a tag is missing": (
        lambda n: _cell(n, "show_greedy").metadata.pop("tags"),
        "show_greedy: metadata differs",
    ),
    "another type": (
        lambda n: _cell(n, "preparation").update(cell_type="raw"),
        "preparation: cell_type differs",
    ),
    "another kernel": (
        lambda n: n.metadata.kernelspec.update(name="julia"),
        "the notebook's metadata differ",
    ),
}


@pytest.mark.parametrize("case", STRUCTURE)
def test_other_cells_are_named(german: Any, english: Any, case: str) -> None:
    change, problem = STRUCTURE[case]
    change(english)
    (found,) = structure_problems(german, english)
    assert problem in found


# cell, what stands there, what would stand there instead
CODE = [
    ("test_top_tokens", 'check("top_tokens")', 'check("explore")'),
    ("hidden_top_tokens", ", hidden=True", ""),
    ("hidden_top_tokens", "### END HIDDEN TESTS", ""),
    ("top_tokens", "    ### BEGIN SOLUTION\n", ""),
    ("try_observation_greedy", '"top_p": None', '"top_P": None'),
    ("try_observation_greedy", "48", "49"),
    ("try_observation_sampling", 'x="temperature"', 'x="Temperature"'),
    ("try_observation_sampling", '"The old king"', '"The old queen"'),
    ("prompt", "What is", "Who is"),
    ("try_beam_search", ":7.2f", ":7.3f"),
    ("try_beam_search", "{log_prob:7.2f}", "{num_beams:7.2f}"),
    ("try_observation_prompt", "shape[1]", "shape[0]"),
    ("explore", '"mean_log_prob": ', '"log_prob": '),
    ("filter_top_p", "sum_before >= p", "sum_before > p"),
    ("filter_top_k", "def filter_top_k(logits, k):", "def filter_top_k(logits, n):"),
    ("filter_top_k", "    ### END SOLUTION", "    ### END SOLUTION\n    return logits"),
    ("setup", "%pip install -q kischule", "%pip install -q another"),
    ("setup", '"en"', '"de"'),
    ("setup", f'os.environ["{LANGUAGE_VARIABLE}"] = "en"', "pass"),
    ("setup", "from kischule import plots", ""),
]


@pytest.mark.parametrize(("cell_id", "old", "new"), CODE)
def test_other_code_is_named(german: Any, english: Any, cell_id: str, old: str, new: str) -> None:
    cell = _cell(english, cell_id)
    assert old in cell.source
    cell.source = cell.source.replace(old, new)
    (found,) = code_problems(german, english)
    assert found.startswith(f"{cell_id}: ")


# cell, what a reader sees there, what may stand there as well
SEEN = [
    ("top_tokens", "The k most likely tokens", "Here are the k most likely tokens"),
    ("show_generate", "# None: off\n", "# None switches off\n"),
    ("try_filter_top_p", "tokens stay", "stay"),
    ("try_beam_search", "num_beams = {num_beams}: ", "{num_beams}: "),
    ("try_observation_prompt", 'f"prompt tokens: ', 'f"tokens: '),
]


@pytest.mark.parametrize(("cell_id", "old", "new"), SEEN)
def test_other_words_for_a_reader_are_no_other_code(
    german: Any, english: Any, cell_id: str, old: str, new: str
) -> None:
    cell = _cell(english, cell_id)
    assert old in cell.source
    cell.source = cell.source.replace(old, new)
    assert code_problems(german, english) == []


def test_printed_texts_and_labels_are_for_a_reader() -> None:
    for one, other in [
        ('print("ein Text", 1)', 'print("a text", 1)'),
        ('plots.bars(e, labels=["eins", "zwei"])', 'plots.bars(e, labels=["one", "two"])'),
        ('plots.bars(e, title="Titel")', 'plots.bars(e, title="title")'),
        ('print(f"{a:6d} Token")', 'print(f"token {a:6d}")'),
    ]:
        assert _code(one) == _code(other)
    for one, other in [
        ('print(d["text"])', 'print(d["setting"])'),
        ('print(" ".join(d))', 'print(", ".join(d))'),
        ('plots.bars(e, labels=["eins"])', 'plots.bars(e, labels=["one", "two"])'),
        ('plots.grid(e, y="top_p")', 'plots.grid(e, y="top_k")'),
        ('print(f"{a:6d}")', 'print(f"{a:6.1%}")'),
        ("print(f'{d[\"text\"]}')", "print(f'{d[\"setting\"]}')"),
    ]:
        assert _code(one) != _code(other)


FACTS_LOST = [
    ("task_encode_prompt", "`torch.long`", "long", "code"),
    ("why_greedy_disappoints", "1904.09751)", "1904.00000)", "links"),
    ("observation_greedy", "=== END MARK SCHEME ===", "", "markers"),
    ("task_beam_search", "3. Keep", "Keep", "headings, lists and tables"),
    ("task_explore", '| `"text"` |', '| `"text"`', "columns"),
    ("task_sample_decode", "\n\n", " ", "paragraphs"),
    ("observation_sampling", "(2 points)", "(3 points)", "points"),
]


@pytest.mark.parametrize(("cell_id", "old", "new", "what"), FACTS_LOST)
def test_what_a_text_has_lost_is_named(
    german: Any, english: Any, cell_id: str, old: str, new: str, what: str
) -> None:
    cell = _cell(english, cell_id)
    assert old in cell.source
    cell.source = cell.source.replace(old, new)
    assert f"{cell_id}: not the same {what}" in fact_problems(german, english)


def test_german_is_found_in_every_cell_that_was_translated(german: Any, english: Any) -> None:
    found = {place.split(":")[0] for place in german_left(german)}
    texts = {ours.id for ours, _ in _pairs(german, english, "markdown")}
    code = {ours.id for ours, theirs in _pairs(german, english, "code") if ours != theirs}
    # of the first only its own lines differ
    assert texts | code - {"setup"} == found


def test_a_text_that_is_the_same_in_both_is_named(german: Any, english: Any) -> None:
    _cell(english, "task_explore").source = _cell(german, "task_explore").source
    assert untranslated(german, english) == ["task_explore"]


@pytest.mark.parametrize("text", ["# drei Wörter", 'print("je Token")', "0,5 GB", "„gierig“"])
def test_a_little_german_is_found(english: Any, text: str) -> None:
    english.cells[4].source += "\n" + text
    assert [place.split(":")[0] for place in german_left(english)][:1] == [english.cells[4].id]


@pytest.mark.parametrize("text", ["(0.5, 0.9)", "1,558 M", "a die, an Alle", "(1, T)", "[0,-1]"])
def test_what_only_looks_like_german_is_not(english: Any, text: str) -> None:
    english.cells[4].source += "\n" + text
    assert german_left(english) == []


def test_of_two_editions_the_one_with_the_same_text_fits() -> None:
    folder = RELEASE.parent.parent
    for name in ("a7_2", "a7_2_en"):
        path = folder / name / RELEASE.name
        notebook = read_notebook(path)
        for given in (filled(path, {}), notebook):
            found = edition_of(given, folder)
            assert found is not None
            assert found.path == path
            notebook.cells = notebook.cells[:12]
