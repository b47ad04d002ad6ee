"""`kischule check` finds what is wrong in a notebook, and nothing in a correct one."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support.notebooks import A7_2, EXERCISES, RELEASE, ROOT, filled, reference_cells

from autograder.checking.result import RESULT_MIME, Result
from autograder.cli import main
from autograder.exercises.exercise import Level
from autograder.exercises.known import known_correct
from autograder.notebooks.cells import metadata_of, read_notebook
from autograder.notebooks.editions import edition_of
from autograder.notebooks.structure import rebuild
from autograder.precheck import findings, messages, running
from autograder.precheck.cells import Cell, Costs, cells_of
from autograder.precheck.findings import Finding
from autograder.precheck.precheck import Precheck, precheck
from kischule.i18n import LANGUAGE_VARIABLE, Text

ENGLISH = ROOT / "release" / "a7_2_en" / "A7_2.ipynb"
STUB = "    raise NotImplementedError()"


@pytest.fixture(autouse=True)
def no_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LANGUAGE_VARIABLE, raising=False)


def solved(release: Path = RELEASE, **replaced: str) -> Any:
    """The release with the reference's solutions, some of them replaced."""
    return filled(release, {**reference_cells(), **replaced})


def place(notebook: Any, name: str) -> int:
    """The index of a cell, by its id."""
    return next(i for i, cell in enumerate(notebook.cells) if cell.id == name)


def add(notebook: Any, after: str, *sources: str) -> None:
    """Cells of the student's own."""
    at = place(notebook, after) + 1
    notebook.cells[at:at] = [nbformat.v4.new_code_cell(source) for source in sources]


def number(notebook: Any, text: str) -> int:
    """Jupyter's number of the first code cell with this text."""
    cells = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
    return next(i for i, cell in enumerate(cells, 1) if text in cell.source)


def written(notebook: Any, folder: Path, name: str = "A7_2.ipynb") -> Path:
    path = folder / name
    nbformat.write(notebook, path)
    return path


def german(found: Precheck, kind: str) -> list[str]:
    return [f.message.de for f in found.findings if f.kind == kind]


def pretend(monkeypatch: pytest.MonkeyPatch, *failed: str) -> None:
    """No kernel starts, no cell runs, and only the checks of these exercises fail."""
    exercises = {running.CHECK.format(name=name): name for name in A7_2}

    def execute(notebook: Any, _: object, limit: float, began: Callable[[int], None]) -> None:
        for index, cell in enumerate(notebook.cells):
            began(index)
            if name := exercises.get(cell.source):
                data = {RESULT_MIME: result(name, name not in failed).as_data()}
                cell.outputs = [nbformat.v4.new_output("display_data", data=data)]

    monkeypatch.setattr(running, "start_kernel", contextlib.nullcontext)
    monkeypatch.setattr(running, "execute", execute)


def result(name: str, passed: bool) -> Result:
    points = EXERCISES[name].points_of(Level.PUBLIC)
    return Result(
        exercise=name,
        level=Level.PUBLIC,
        passed=passed,
        points=points if passed else 0.0,
        max_points=points,
        bonus=A7_2[name].bonus,
        kind="" if passed else "value",
    )


def without_kernel(
    notebook: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str = "A7_2.ipynb",
    failed: Sequence[str] = (),
) -> list[Finding]:
    """The findings that need no run. failed: exercises that do not pass."""
    pretend(monkeypatch, *failed)
    return list(precheck(written(notebook, folder, name)).findings)


# --- a notebook in which much is wrong ------------------------------------------------------------

OWN = {
    "prompt": (
        "print(start)",
        "rng = np.random.default_rng(1)",
        "print(promt_text)",
        "ratio = 1 / 0",
        "print(ratio)",
        "import helfer",
        "print(never_heard_of)",
    ),
    "test_filter_top_p": (
        "def smallest(values):\n    return values - min(values)",
        "1 +",
        "greedy_decode(model, prompt_ids, 8)",
    ),
}
COUNTS = "def filter_top_k(logits, k):\n    return Counter(logits.tolist())"
HELPED = "def filter_top_p(logits, p):\n    return smallest(logits)"


@pytest.fixture(scope="module")
def messy() -> Any:
    notebook = solved(
        filter_top_k=COUNTS,
        filter_top_p=HELPED,
        greedy_decode=f"def greedy_decode(model, input_ids, max_length):\n{STUB}",
    )
    for after, sources in OWN.items():
        add(notebook, after, *sources)
    return notebook


@pytest.fixture(scope="module")
def found(messy: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Precheck]:
    folder = tmp_path_factory.mktemp("messy")
    (folder / "helfer.py").write_text("x = 1\n")
    path = written(messy, folder)
    before = path.read_bytes()
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv(LANGUAGE_VARIABLE, raising=False)
        yield precheck(path)
    assert path.read_bytes() == before


def test_a_name_that_only_a_later_cell_makes_is_found(messy: Any, found: Precheck) -> None:
    here, there = number(messy, "print(start)"), number(messy, "start = encode_prompt")
    assert german(found, "order") == [
        f"Zelle [{here}] (print(start)) benutzt `start`, das erst in Zelle [{there}] "
        '(start = encode_prompt(tokenizer, "Once u …) entsteht. Das geht nur in einem Notebook, '
        "in dem jene Zelle schon gelaufen ist; verschieben Sie sie nach oben."
    ]


def test_a_missing_import_is_found_with_its_line(messy: Any, found: Precheck) -> None:
    here = number(messy, "np.random")
    assert german(found, "import") == [
        f"Zelle [{here}] (rng = np.random.default_rng(1)) benutzt `np`, ohne es zu importieren. "
        "Schreiben Sie an ihren Anfang: import numpy as np",
        f"Zelle [{here + 1}] (print(promt_text)) benutzt `promt_text`, das nirgends entsteht. "
        "Meinen Sie `prompt_text`?",
        f"Zelle [{number(messy, 'never_heard_of')}] (print(never_heard_of)) benutzt "
        "`never_heard_of`, das nirgends entsteht.",
    ]


def test_a_name_inside_a_function_is_found_in_the_solution(messy: Any, found: Precheck) -> None:
    first, second = number(messy, COUNTS), number(messy, HELPED)
    there = number(messy, "def smallest")
    assert german(found, "names") == [
        f"Zelle [{first}] (filter_top_k) benutzt `Counter`, ohne es zu importieren. Schreiben Sie "
        "an ihren Anfang: from collections import Counter",
        f"Zelle [{second}] (filter_top_p) benutzt `smallest`, das erst in Zelle [{there}] (def "
        "smallest(values): …) entsteht. Das geht nur in einem Notebook, in dem jene Zelle schon "
        "gelaufen ist; verschieben Sie sie nach oben.",
    ]
    names = [f for f in found.findings if f.kind == "names"]
    assert [(f.cell, f.grade_id) for f in names] == [
        (first, "filter_top_k"),
        (second, "filter_top_p"),
    ]


def test_a_cell_that_stops_is_found_without_its_consequences(messy: Any, found: Precheck) -> None:
    here, there = number(messy, "1 / 0"), number(messy, "1 +")
    first, second = german(found, "raised")
    assert first == (
        f"Zelle [{here}] (ratio = 1 / 0) bricht ab mit: ZeroDivisionError: division by zero"
    )
    assert second == (f"Zelle [{there}] (1 +) bricht ab mit: SyntaxError: invalid syntax (line 1)")


def test_a_module_beside_the_notebook_is_not_submitted(messy: Any, found: Precheck) -> None:
    assert german(found, "beside") == [
        f"Zelle [{number(messy, 'import helfer')}] (import helfer) importiert `helfer` aus einer "
        "Datei neben dem Notebook. Abgegeben wird nur das Notebook: Kopieren Sie den Code in eine "
        "Zelle."
    ]


def test_an_empty_cell_is_found_once_and_costs(messy: Any, found: Precheck) -> None:
    assert german(found, "empty") == [f"Zelle [{number(messy, STUB)}] (greedy_decode)"]
    assert not found.passed
    assert {f.kind for f in found.findings if f.fix} == {"names", "empty"}
    assert {f.kind for f in found.findings if not f.fix} == {"order", "import", "raised", "beside"}


def test_each_exercise_says_how_far_it_came_and_what_failed(found: Precheck) -> None:
    details = {result.exercise: found.details(result) for result in found.results}
    assert details["top_tokens"] == ""
    assert details["filter_top_k"].splitlines() == [
        "Von 12 Beispielen ist schon das erste nicht bestanden:",
        "Aufruf: filter_top_k(tensor([1.0, 3.0, -1.0, 2.0]), 2)",
        "Der Aufruf bricht ab mit: NameError: name 'Counter' is not defined",
        "Hinweis: Hier fehlt ein Import. Schreiben Sie an den Anfang der Zelle: from "
        "collections import Counter",
        "Nachlesen: Abschnitt „Ein Beispiel in fünf Wörtern“, Aufgabe 8; dazu die "
        "PyTorch-Seite zu torch.topk",
        'Mehr Hinweise: hint("filter_top_k", 1), dann 2 und 3',
    ]


def test_the_last_line_counts_what_is_left(found: Precheck) -> None:
    left = len([n for n in found.open if n not in ("beam_search", "filter_min_p")])
    assert found.closing == (
        f"Noch nicht bereit: {left} Aufgaben sind nicht bestanden; 2 Stellen sind in Ordnung zu "
        "bringen."
    )


def test_findings_stand_in_groups_by_cell(found: Precheck) -> None:
    headings = [messages.GROUPS[group].de for group in ("fix", "empty", "hint")]
    assert [heading for heading, _ in found.groups()] == headings
    numbers = [[finding.cell for finding in group] for _, group in found.groups()]
    for group in numbers:
        assert group == sorted(group, key=lambda number: number or 0)
    assert list(map(len, numbers)) == [2, 1, 7]


# --- findings that need no run --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            "list = [1, 2]",
            "Zelle [4] (list = [1, 2]) gibt `list` eine neue Bedeutung. So heißt schon etwas in "
            "Python selbst, das es danach nicht mehr gibt; nehmen Sie einen anderen Namen.",
        ),
        ("for id in range(3):\n    print(id)", "Zelle [4] (for id in range(3): …) gibt `id` eine"),
        (
            "def sum(values):\n    return 0",
            "gibt `sum` eine neue Bedeutung. So heißt schon etwas in",
        ),
        ("from torch import max", "gibt `max` eine neue Bedeutung. So heißt schon etwas in Python"),
        (
            "torch = 1",
            "gibt `torch` eine neue Bedeutung. So heißt schon etwas, das Zelle [1] (setup) "
            "importiert; nehmen Sie einen anderen Namen.",
        ),
        (
            "plots, check = [], 3",
            "gibt `check` eine neue Bedeutung. So heißt schon etwas, das Zelle",
        ),
        ("import pprint", "gibt `pprint` eine neue Bedeutung. So heißt schon etwas, das Zelle [1]"),
        (
            'tokenizer, model = kischule.load("gpt2")',
            "legt `model` noch einmal an. Alle Zellen danach rechnen damit; die Prüfungen nehmen "
            "immer `mini`. Ist das so gedacht, bleibt nichts zu tun.",
        ),
        (
            "def probs(x):\n    return x",
            "(for prompt in (prompt_text, prompt_text. …) gibt `probs` einen anderen "
            "Wert. In Zelle [4] (def probs(x): …) ist das eine Funktion, die es danach nicht mehr "
            "gibt; nehmen Sie einen anderen Namen.",
        ),
        (
            "def greedy_decode(model, input_ids, max_length):\n    return input_ids",
            "`greedy_decode` ist zweimal definiert, in Zelle [4] (def greedy_decode(model, "
            "input_ids, max_ …) und in Zelle [18] (greedy_decode). Es gilt, was zuletzt lief; "
            "lassen Sie nur eine stehen.",
        ),
    ],
)
def test_a_name_that_hides_another_is_a_hint(
    source: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = solved()
    add(notebook, "prompt", source)
    found = [f for f in without_kernel(notebook, tmp_path, monkeypatch) if f.kind == "shadows"]
    assert any(sentence in f.message.de for f in found), found
    assert not any(f.fix for f in found)


def test_a_helper_file_that_hides_a_module_is_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text("")
    (tmp_path / "yaml").mkdir()
    (tmp_path / "yaml" / "__init__.py").write_text("")
    (tmp_path / "notes.py").write_text("")
    first, second = without_kernel(solved(), tmp_path, monkeypatch)
    assert first.message.de == (
        "Neben dem Notebook liegt torch.py. Python nimmt es anstelle des Moduls `torch`; benennen "
        "Sie es um."
    )
    assert second.message.en == (
        "The file yaml is in the notebook's folder. Python imports it instead of the module "
        "`yaml`; rename it."
    )
    assert (first.kind, first.fix, second.fix) == ("file", False, False)


def test_the_package_itself_beside_the_notebook_hides_nothing() -> None:
    assert (ROOT / "kischule" / "__init__.py").is_file()
    assert list(findings.files(ROOT, [], Costs([], []))) == []


def test_an_empty_cell_is_a_finding_and_an_empty_bonus_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubs = {metadata_of(c).get("grade_id"): c.source for c in read_notebook(RELEASE).cells}
    half = reference_cells()["encode_prompt"].split("def ends")[0] + (
        f"def ends_in_space_token(tokenizer, prompt_text):\n{STUB}"
    )
    notebook = solved(
        encode_prompt=half,
        top_tokens=stubs["top_tokens"],
        explore="  \n",
        filter_min_p=stubs["filter_min_p"],
        observation_prompt=stubs["observation_prompt"] + "\n",
        observation_greedy="",
        observation_sampling="YOUR ANSWER HERE",  # nbgrader's own
    )
    failed = ("encode_prompt", "top_tokens", "explore", "filter_min_p")
    found = without_kernel(notebook, tmp_path, monkeypatch, failed=failed)
    assert [f.kind for f in found] == ["empty"] * 4 + ["text"] * 3
    assert [(f.message.de, f.fix) for f in found] == [
        (
            f"Zelle [{number(notebook, 'def encode_prompt')}] (encode_prompt): ends_in_space_token",
            True,
        ),
        (f"Zelle [{number(notebook, 'def top_tokens')}] (top_tokens)", True),
        ("Zelle (explore)", True),
        (
            f"Zelle [{number(notebook, 'def filter_min_p')}] (filter_min_p) ist noch leer; das ist "
            "eine Zusatzaufgabe.",
            False,
        ),
        ("Ihr Text zu: Beobachtung 1 (observation_greedy)", True),
        ("Ihr Text zu: Beobachtung 2 (observation_sampling)", True),
        ("Ihr Text zu: Beobachtung 3 (observation_prompt)", True),
    ]


def test_a_stub_that_is_left_behind_a_solution_is_not_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = reference_cells()["repetition_rate"] + f"\n{STUB}"
    assert without_kernel(solved(repetition_rate=left), tmp_path, monkeypatch) == []


def test_cells_that_are_not_the_releases_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = solved()
    again = nbformat.from_dict(dict(notebook.cells[place(notebook, "filter_top_k")]))
    again.id = "again"
    again.source += "\n# once more"
    notebook.cells.insert(place(notebook, "filter_top_p"), again)
    del notebook.cells[place(notebook, "explore")]
    notebook.cells[place(notebook, "setup")].source += "\nimport math"
    found = without_kernel(notebook, tmp_path, monkeypatch, "loesung.ipynb", ["explore"])
    assert found.pop().message.de.startswith("`filter_top_k` ist zweimal definiert, in Zelle")
    assert [(f.kind, f.fix, f.message.de) for f in found] == [
        (
            "doubled",
            False,
            "Die Zelle filter_top_k ist mehrmals da, geteilt oder kopiert. Alle Teile laufen, in "
            "Ihrer Reihenfolge; was zuletzt definiert ist, zählt.",
        ),
        (
            "missing",
            True,
            "Die Zelle explore fehlt. Bei der Bewertung zählt die leere Zelle der Vorlage; "
            "kopieren Sie Ihre Lösung in eine frische Vorlage.",
        ),
        (
            "changed",
            False,
            "Gesperrte Zellen sind geändert: setup. Bei der Bewertung und hier gelten die der "
            "Vorlage.",
        ),
        (
            "renamed",
            False,
            "Die Datei heißt loesung.ipynb. Lassen Sie A7_2 in ihrem Namen, damit sie erkannt "
            "wird.",
        ),
    ]


def test_what_is_elsewhere_or_stripped_is_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is empty or missing, as in grading."""
    notebook = solved()
    notebook.cells[place(notebook, "explore")] = nbformat.v4.new_code_cell(
        reference_cells()["explore"]
    )
    answer = notebook.cells[place(notebook, "observation_greedy")]
    notebook.cells.insert(
        place(notebook, "observation_greedy"), nbformat.v4.new_markdown_cell(answer.source)
    )
    answer.source = "*Ihre Antwort · Your answer*"
    code = notebook.cells[place(notebook, "encode_prompt")]
    notebook.cells[place(notebook, "encode_prompt")] = nbformat.v4.new_raw_cell(
        code.source, id=code.id, metadata=code.metadata
    )
    found = without_kernel(notebook, tmp_path, monkeypatch)
    assert [(f.kind, f.grade_id, f.fix) for f in found] == [
        ("retyped", "encode_prompt", False),
        ("moved", "explore", False),
        ("moved", "observation_greedy", False),
    ]
    for cell in notebook.cells:
        cell.metadata, cell.id = nbformat.from_dict({}), f"new-{cell.id}"
    found = without_kernel(notebook, tmp_path, monkeypatch)
    assert [(f.kind, f.fix) for f in found] == [("stripped", False), ("retyped", False)]


def test_locked_cells_run_with_the_releases_text(tmp_path: Path) -> None:
    notebook = solved()
    notebook.cells[place(notebook, "setup")].source += "\nimport math"
    notebook.cells[place(notebook, "test_explore")].source = "print('passed')"
    notebook.cells[place(notebook, "explore")].source += "\n# mine"
    released = read_notebook(RELEASE)
    made = rebuild(released, notebook, EXERCISES)
    cells = {cell.grade_id: cell for cell in cells_of(made, notebook, released, EXERCISES)}
    for name in ("setup", "test_explore"):
        assert cells[name].node.source == released.cells[place(released, name)].source
    assert cells["explore"].node.source.endswith("# mine")


def test_an_undefined_name_is_found_in_a_cell_that_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain cell of the release that was deleted, and one that shows something needs it."""
    notebook = solved()
    del notebook.cells[place(notebook, "try_observation_greedy_2")]  # makes entries
    (found,) = without_kernel(notebook, tmp_path, monkeypatch)
    assert found.kind == "order"
    assert "benutzt `entries`, das erst in Zelle" in found.message.de
    notebook = solved()
    del notebook.cells[place(notebook, "try_observation_greedy")]  # makes base
    (found,) = without_kernel(notebook, tmp_path, monkeypatch)
    assert "benutzt `base`. Das entsteht in einer Zelle der Vorlage, die" in found.message.de
    assert "(base = { …); holen Sie sie zurück." in found.message.de


@pytest.mark.parametrize("name", ["A7_2 (1).ipynb", "mueller_A7_2.ipynb"])
def test_a_name_that_is_recognised_is_no_matter(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert without_kernel(solved(), tmp_path, monkeypatch, name) == []


@pytest.mark.parametrize("release", [RELEASE, ENGLISH], ids=["de", "en"])
def test_the_edition_is_the_one_that_fits(release: Path) -> None:
    def edition(notebook: Any) -> str:
        found = edition_of(notebook, ROOT / "release")
        assert found is not None
        return found.language

    expected = "en" if release == ENGLISH else "de"
    assert edition(solved(release)) == expected
    assert edition(read_notebook(release)) == expected


def test_another_notebook_is_answered_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(1)")])
    path = written(notebook, tmp_path, "A1_1.ipynb")
    assert main(["check", str(path)]) == 1
    assert capsys.readouterr().out == (
        "\nVor der Abgabe in Ordnung bringen:\n  A1_1.ipynb ist nicht das Notebook A7_2.ipynb: Von "
        "dessen Zellen mit Aufgaben und Prüfungen hat es 0 von 54. Nehmen Sie die Datei, die Sie "
        "bekommen haben.\n\nNoch nicht bereit: eine Stelle ist in Ordnung zu bringen.\n"
    )


def test_odd_metadata_stop_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = solved()
    for value in ([], {"grade_id": []}, {"grade_id": 3}, "x"):
        add(notebook, "prompt", "y = 1")
        notebook.cells[place(notebook, "prompt") + 1].metadata["nbgrader"] = value
    assert without_kernel(notebook, tmp_path, monkeypatch) == []


# --- correct notebooks ----------------------------------------------------------------------------

CORRECT = (
    "import math\nimport random\nfrom collections import Counter, defaultdict",
    "import torch\nimport torch.nn.functional as F\nimport numpy as np\nfrom pprint import pprint",
    "def softmax_of(values):\n    list, sum, id = values, 0, 1\n    return F.softmax(list, dim=-1)",
    "for i in range(3):\n    x = i\nfor i, token in enumerate('ab'):\n    print(i, token)",
    'prompt_text = "The old king"\ninput_ids = encode_prompt(tokenizer, prompt_text)',
    "start = encode_prompt(tokenizer, prompt_text).to(model.device)\nstart = start[:, :2]",
    "squares = {max: sum for max, sum in [(1, 2)]}\n_, rest = [input for input in range(2)]",
    "class Notes:\n    type = 'note'\n    def print(self):\n        return self.type",
    "%timeit -n 1 -r 1 math.sqrt(4)",
    "try:\n    import pandas\nexcept ModuleNotFoundError:\n    pandas = None",
    "",
)


def test_a_correct_notebook_is_ready_in_its_own_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other solutions, own cells in many styles, in the English edition, and nothing to say."""
    notebook = solved(ENGLISH, **{e: list(known_correct(e).values())[1] for e in A7_2})
    add(notebook, "encode_prompt", *CORRECT)
    notebook.cells.append(nbformat.v4.new_markdown_cell("# Notes\nlist = [1]"))
    assert main(["check", str(written(notebook, tmp_path)), "--json", str(tmp_path / "f")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "Ready to submit."
    assert lines[2].split() == ["✓", "encode_prompt", "1", "of", "1", "up", "to", "1"]
    report = json.loads((tmp_path / "f").read_text())
    assert (report["passed"], report["findings"], report["missing"]) == (True, [], [])


@pytest.mark.parametrize("choice", range(4))
def test_nothing_is_found_in_correct_solutions_without_a_run(
    choice: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {e: list(known_correct(e).values()) for e in A7_2}
    mixed = {e: sources[choice % len(sources)] for e, sources in known.items()}
    assert without_kernel(solved(**mixed), tmp_path, monkeypatch) == []


def test_the_last_line_knows_that_a_bonus_is_not_needed() -> None:
    def closing(*open_: str, kinds: tuple[str, ...] = (), language: str = "de") -> str:
        results = [result(name, False) for name in open_]
        found = [Finding(kind, Text("", "")) for kind in kinds]
        checked = Precheck(language, results, [], found, EXERCISES)
        assert checked.passed is checked.closing.startswith("Bereit")
        return checked.closing

    assert closing() == "Bereit zur Abgabe."
    assert closing("beam_search") == (
        "Bereit zur Abgabe; offen sind nur Zusatzaufgaben: beam_search."
    )
    assert closing("beam_search", "explore") == (
        "Noch nicht bereit: eine Aufgabe ist nicht bestanden."
    )
    assert closing("explore", kinds=("empty", "text", "order"), language="en") == (
        "Not ready yet: one exercise has not passed; one text is missing; one thing needs fixing."
    )


@pytest.mark.parametrize(
    ("option", "variable", "release", "expected"),
    [
        (None, "", RELEASE, "de"),
        (None, "", ENGLISH, "en"),
        (None, "de", ENGLISH, "de"),
        (None, "en", RELEASE, "en"),
        ("de", "en", ENGLISH, "de"),
        ("en", "", RELEASE, "en"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_notebooks(
    option: str | None,
    variable: str,
    release: Path,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretend(monkeypatch)
    monkeypatch.setenv(LANGUAGE_VARIABLE, variable)
    assert precheck(written(solved(release), tmp_path), option).language == expected


def test_findings_are_in_the_json_and_in_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = solved(observation_greedy="")
    add(notebook, "prompt", "list = 1")
    path = written(notebook, tmp_path)
    pretend(monkeypatch)
    assert main(["check", str(path), "--language", "en", "--json", str(tmp_path / "f")]) == 1
    report = json.loads((tmp_path / "f").read_text())
    assert list(report) == ["notebook", "passed", "exercises", "texts", "missing", "findings"]
    assert report["findings"][0] == {
        "kind": "text",
        "message": "Your text on: Beobachtung 1 (observation_greedy)",
        "cell": None,
        "grade_id": "observation_greedy",
        "fix": True,
    }
    assert capsys.readouterr().out.splitlines()[-9:-2] == [
        "Still empty:",
        "  Your text on: Beobachtung 1 (observation_greedy)",
        "",
        "Hints that cost no required points:",
        "  Cell [4] (list = 1) redefines `list`. Python itself uses this name, and the original "
        "is gone afterwards; choose another one.",
        "",
        '[1], [2], …: cells as "Restart Kernel and Run All Cells" numbers them.',
    ]


def test_the_command_itself_loads_no_slow_package() -> None:
    """Each of them would take longer than all the rest before the kernel starts."""
    code = (
        "import sys; from autograder.cli.check import _load_packages; _load_packages()\n"
        "assert 'jsonschema' in sys.modules\n"
        "print({'numpy', 'torch', 'transformers', 'rfc3987_syntax'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_package_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda n: None if n == "nbclient" else find(n))
    assert main(["check", str(tmp_path / "A7_2.ipynb")]) == 2
    assert capsys.readouterr().err == (
        "kischule: checking a notebook needs nbclient: pip install 'kischule[notebook]'\n"
    )


def test_results_that_cannot_be_written_are_refused_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(solved(), tmp_path)
    assert main(["check", str(path), "--json", str(tmp_path / "no" / "f")]) == 2
    assert "does not exist" in capsys.readouterr().err


# --- kernels that end, cells that do not ----------------------------------------------------------


def test_a_kernel_that_ends_is_started_again(tmp_path: Path) -> None:
    notebook = solved()
    for name in A7_2:
        if not name.startswith(("apply", "filter")):  # the others would take longer
            notebook.cells[place(notebook, name)].source = STUB.strip()
    add(notebook, "setup", "!pip install x\nprint(1)")
    add(notebook, "prompt", "__import__('ctypes').string_at(0)", "print(2)")
    ends = "def filter_top_k(logits, k):\n    ctypes.string_at(0)"
    notebook.cells[place(notebook, "filter_top_k")].source = f"import ctypes\n{ends}"
    told: list[tuple[int, int, str]] = []
    checked = precheck(written(notebook, tmp_path), progress=lambda *now: told.append(now))
    here = number(notebook, "__import__('ctypes')")
    assert german(checked, "died") == [
        f"Zelle [{here}] (__import__('ctypes').string_at(0)) beendet den Kernel. Die "
        "übrigen Zellen liefen ohne sie."
    ]
    (note,) = (f for f in checked.findings if f.kind == "note")  # as in grading
    assert (note.cell, note.fix) == (number(notebook, "!pip install x"), False)
    assert "`!pip install x` wurde übersprungen" in note.message.de
    assert "`!pip install x` was skipped" in note.message.en
    results = {result.exercise: result for result in checked.results}
    assert checked.details(results["filter_top_k"]) == "Der Aufruf beendet den Kernel."
    assert results["filter_top_p"].passed
    assert [f.fix for f in checked.findings if f.kind == "died"] == [False]
    exercises = [exercise for _, _, exercise in told]
    assert list(dict.fromkeys(exercises)) == [result.exercise for result in checked.results]
    assert told[-1][:2] == (15, 15)


def test_a_cell_that_never_ends_is_found() -> None:
    error = nbformat.v4.new_output("error", ename="KeyboardInterrupt", evalue="", traceback=[])
    endless = nbformat.v4.new_code_cell("while True: pass", outputs=[error])
    cells, release = [Cell(endless, 3, "own")], nbformat.v4.new_notebook()
    (found,) = running.stops(cells, {}, release, 6, Costs(cells, []))
    assert (found.kind, found.fix) == ("slow", False)
    assert found.message.de == (
        "Zelle [3] (while True: pass) war nach 6 s noch nicht fertig. Endet Ihre Schleife?"
    )


# --- what it costs --------------------------------------------------------------------------------


def fixes(notebook: Any, folder: Path, patch: pytest.MonkeyPatch, *failed: str) -> dict[str, bool]:
    """Of each kind of finding, whether points depend on it."""
    return {f.kind: f.fix for f in without_kernel(notebook, folder, patch, failed=failed)}


def test_only_what_a_failed_exercise_uses_costs_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uses = reference_cells()["filter_top_k"].replace(
        "if not k", "helped(list(logits))\n    if not k"
    )
    notebook = solved(filter_top_k=uses)
    add(notebook, "prompt", "list = [1, 2]")
    assert fixes(notebook, tmp_path, monkeypatch) == {"shadows": False}
    assert fixes(notebook, tmp_path, monkeypatch, "filter_top_p") == {"shadows": False}
    assert fixes(notebook, tmp_path, monkeypatch, "filter_top_k") == {"shadows": True}
    notebook = solved(filter_top_k=uses.replace("list(logits)", "logits"))
    add(notebook, "prompt", "list = [1, 2]", "def helped(values):\n    return list(values)")
    assert fixes(notebook, tmp_path, monkeypatch, "filter_top_k") == {"shadows": True}
    assert fixes(notebook, tmp_path, monkeypatch, "filter_min_p") == {"shadows": False}


def test_a_given_cell_is_not_blamed_for_a_wrong_function() -> None:
    """Only for what no failed exercise explains."""
    error = nbformat.v4.new_output("error", ename="TypeError", evalue="no", traceback=[])
    given = nbformat.v4.new_code_cell("shown = mine(1)", outputs=[error])
    own = nbformat.v4.new_code_cell("def mine(x):\n    return top_tokens(x)")
    cells = [Cell(own, 1, "own"), Cell(given, 2, "released")]

    def kinds(passed: bool) -> list[tuple[str, bool]]:
        results = {"top_tokens": result("top_tokens", passed)}
        costs = Costs(cells, [] if passed else ["top_tokens"])
        found = running.stops(cells, results, nbformat.v4.new_notebook(), 60, costs)
        return [(f.message.en[:29], f.fix) for f in found]

    assert kinds(passed=False) == []
    assert kinds(passed=True) == [("Cell [2] (shown = mine(1)) of", False)]


# --- the table ------------------------------------------------------------------------------------


def test_the_table_has_points_and_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "explore", "filter_min_p")
    notebook = solved(observation_greedy="Er wiederholt sich – immer.", observation_prompt="kurz")
    checked = precheck(written(notebook, tmp_path))
    rows = {row[1]: [row[0], *row[2:]] for row in checked.rows}
    assert len(rows) == 19
    assert rows["greedy_decode"] == ["✓", "2 von 2", "bis zu 3"]
    assert rows["explore"] == ["✗", "0 von 1", "bis zu 2"]
    assert rows["beam_search (Zusatz)"][0] == "✓"
    assert rows["filter_min_p (Zusatz)"][0] == "✗"
    assert rows["observation_greedy"] == ["✓", "4 Wörter", "bis zu 2"]
    assert rows["observation_prompt"] == ["✓", "ein Wort", "bis zu 2"]
    public = sum(EXERCISES[e].points_of(Level.PUBLIC) for e in EXERCISES if not bonus(e))
    assert checked.total.startswith(f"Für die Beispiele {public - 1:g} von {public:g} Punkten.")
    assert f"sind bis zu {54 - public:g} mehr möglich" in checked.total


def bonus(name: str) -> bool:
    return A7_2[name].bonus


def test_an_untouched_notebook_is_asked_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(read_notebook(RELEASE), tmp_path)
    assert main(["check", str(path)]) == 1
    assert capsys.readouterr().out == (
        "\nVor der Abgabe in Ordnung bringen:\n  In A7_2.ipynb steht noch keine Lösung und kein "
        "Text. Ist es die richtige Datei? Speichern Sie Ihr Notebook, bevor Sie es prüfen.\n\nNoch "
        "nicht bereit: eine Stelle ist in Ordnung zu bringen.\n"
    )
