"""A student's code and texts are found in whatever cells they are; nothing else gets in."""

from __future__ import annotations

import base64
import copy
import json
import random
import re
import time
from typing import Any

import nbformat
import pytest
from support.notebooks import A7_2, EXERCISES, RELEASE, ROOT, reference_cells

from autograder.notebooks import reader
from autograder.notebooks.cells import (
    Role,
    by_id,
    exercise_of,
    grade_id_of,
    read_notebook,
    role,
    with_solutions,
)
from autograder.notebooks.editions import edition_of
from autograder.notebooks.pictures import Album
from autograder.notebooks.structure import Rebuilt, rebuild

ENGLISH = ROOT / "release" / "a7_2_en" / "A7_2.ipynb"
RELEASED = read_notebook(RELEASE)
TOP_K = reference_cells()["filter_top_k"]
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"picture").decode()


def solved(release: Any = RELEASE, **replaced: str) -> Any:
    """The release with the reference's solutions, some of them replaced."""
    notebook = copy.deepcopy(RELEASED) if release == RELEASE else read_notebook(release)
    return with_solutions(notebook, {**reference_cells(), **replaced})


def cell(notebook: Any, name: str) -> Any:
    return next(c for c in notebook.cells if name in (c.id, grade_id_of(c)))


def place(notebook: Any, name: str) -> int:
    return notebook.cells.index(cell(notebook, name))


def code(source: str, **metadata: Any) -> Any:
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def text(source: str, **more: Any) -> Any:
    return nbformat.v4.new_markdown_cell(source, **more)


def taken(notebook: Any) -> Rebuilt:
    """The rebuilt notebook, of which only the student's part may differ from the release."""
    submitted = reader.parse(json.dumps(notebook).encode())
    made = rebuild(RELEASED, submitted, EXERCISES)
    released = by_id(RELEASED)
    there = [c for c in made.notebook.cells if grade_id_of(c)]
    assert sorted(map(grade_id_of, there)) == sorted(released)  # each once
    for each in there:
        given = released[grade_id_of(each)]
        assert (each.metadata, each.cell_type) == (given.metadata, given.cell_type)
        assert role(each) in (Role.SOLUTION, Role.TEXT) or each == given
    ids = [each.id for each in made.notebook.cells]
    assert len(set(ids)) == len(ids) == len(made.origins)
    nbformat.validate(made.notebook)
    return made


def flags(made: Rebuilt) -> list[str]:
    return list(map(str, made.flags))


def defined_at(made: Rebuilt, test: str, name: str) -> Any:
    """The value of a name that a test cell would find: only the small functions below are run."""
    space: dict[str, Any] = {}
    for each in made.notebook.cells:
        if grade_id_of(each) == test:
            return space.get(name)
        if each.cell_type == "code" and re.search("def filter_top_k|MARK", each.source):
            exec(each.source, space)
    raise AssertionError(test)


def marked(number: int) -> str:
    return f"def filter_top_k(logits, k):\n    return {number}\n"


STUB = cell(RELEASED, "filter_top_k").source


def found_value(made: Rebuilt) -> Any:
    """The number that the student's function gives, for both tests."""
    values = [
        defined_at(made, f"{level}_filter_top_k", "filter_top_k") for level in ("test", "hidden")
    ]
    first, second = [value and value(0, 0) for value in values]
    assert first == second
    return first


# --- solutions in other cells ---------------------------------------------------------------------


@pytest.mark.parametrize("before", ["filter_top_k", "task_filter_top_k", "setup", "intro", ""])
@pytest.mark.parametrize("given", ["deleted", "a stub"])
def test_a_solution_in_a_new_cell_counts(before: str, given: str) -> None:
    """In the given cell's place, above it, at the top of the notebook, and at its end."""
    notebook = solved(filter_top_k=STUB)
    where = place(notebook, before) if before else len(notebook.cells)
    notebook.cells.insert(where, code(marked(7)))
    if given == "deleted":
        notebook.cells.remove(cell(notebook, "filter_top_k"))
    made = taken(notebook)
    assert found_value(made) == 7
    assert flags(made) == ["in another cell: filter_top_k"]
    assert cell(made.notebook, "filter_top_k").source == marked(7).rstrip() + "\n"


def test_the_last_definition_counts_in_the_students_order() -> None:
    notebook = solved(filter_top_k=marked(1))
    notebook.cells.append(code(marked(2)))
    assert found_value(taken(notebook)) == 2
    notebook.cells.insert(0, code(marked(3)))
    notebook.cells.append(code(STUB))  # never over a definition
    assert found_value(taken(notebook)) == 2
    notebook.cells.append(notebook.cells.pop(place(notebook, "filter_top_k")))
    assert found_value(taken(notebook)) == 1


def test_what_is_no_definition_moves_no_test() -> None:
    notebook = solved(filter_top_k=marked(1))
    notebook.cells.append(code("filter_top_k = 3"))
    notebook.cells.append(code("del filter_top_k"))
    notebook.cells.append(code("filter_top_k(torch.ones(3), 2)"))
    made = taken(notebook)
    assert found_value(made) == 1
    assert made.notebook.cells[-1].source == "filter_top_k(torch.ones(3), 2)"


@pytest.mark.parametrize(
    "source",
    [
        "def mine(logits, k):  # MARK\n    return 7\nfilter_top_k = mine",
        "filter_top_k = lambda logits, k: 7  # MARK",
        "if True:\n    def filter_top_k(logits, k):\n        return 7",
    ],
)
@pytest.mark.parametrize("before", ["filter_top_k", ""])
def test_a_function_may_be_bound_otherwise(source: str, before: str) -> None:
    notebook = solved(filter_top_k=STUB)
    where = place(notebook, before) if before else len(notebook.cells)
    notebook.cells.insert(where, code(source))
    assert found_value(taken(notebook)) == 7


def test_all_solutions_in_one_cell_count() -> None:
    notebook = read_notebook(RELEASE)
    everything = "\n\n".join(reference_cells()[name] for name in list(A7_2))
    notebook.cells.append(code(everything))
    made = taken(notebook)
    assert sorted(flags(made)) == sorted(f"in another cell: {name}" for name in list(A7_2))
    sources = [c.source for c in made.notebook.cells if c.cell_type == "code"]
    assert not any("NotImplementedError" in source for source in sources)
    tests = [i for i, c in enumerate(made.notebook.cells) if exercise_of(c, EXERCISES)]
    assert min(tests) > next(i for i, c in enumerate(made.notebook.cells) if c.source == everything)
    names = [grade_id_of(made.notebook.cells[i]) for i in tests]
    assert sorted(names) == sorted(f"{p}_{e}" for e in list(A7_2) for p in ("test", "hidden"))
    for name in list(A7_2):
        assert names.index(f"test_{name}") < names.index(f"hidden_{name}")


def test_one_function_of_a_stub_may_be_elsewhere() -> None:
    """encode_prompt's cell has two functions: one solved in it, one in a cell above it."""
    first, second = reference_cells()["encode_prompt"].split("\n\n\n")
    stub = cell(RELEASED, "encode_prompt").source.split("\n\n\n")[1]
    notebook = solved(encode_prompt=f"{first}\n\n\n{stub}")
    notebook.cells.insert(place(notebook, "prompt"), code(second))
    made = taken(notebook)
    source = cell(made.notebook, "encode_prompt").source
    assert first in source
    assert "NotImplementedError" not in source
    assert flags(made) == []


def test_a_test_waits_for_all_that_it_builds_on() -> None:
    """filter_top_k at the end: sample_decode, which needs it, is tested after it."""
    notebook = solved(filter_top_k=STUB)
    notebook.cells.append(code(TOP_K))
    ids = [c.id for c in taken(notebook).notebook.cells]
    there = ids.index("filter_top_k")
    for name in ("filter_top_k", "sample_decode"):
        assert there < ids.index(f"test_{name}") < ids.index(f"hidden_{name}")
    assert ids.index("hidden_filter_top_p") < there


# --- split and copied cells -----------------------------------------------------------------------


def copied(notebook: Any, name: str, source: str) -> Any:
    made = copy.deepcopy(cell(notebook, name))
    made.id, made.source = f"copy-{len(notebook.cells)}-{len(source)}", source
    return made


def test_all_parts_of_a_split_cell_run_in_order() -> None:
    notebook = solved(filter_top_k="MARK = 3")
    where = place(notebook, "filter_top_k") + 1
    rest = "def filter_top_k(logits, k):\n    return MARK + more()"
    last = "def more():  # MARK\n    return 4"
    parts = [copied(notebook, "filter_top_k", source) for source in (rest, last)]
    notebook.cells[where:where] = [parts[0], code("unrelated = 1"), parts[1]]
    made = taken(notebook)
    assert found_value(made) == 7
    assert flags(made) == ["doubled: filter_top_k"]
    assert cell(made.notebook, "filter_top_k").source == rest


def test_of_copies_the_last_counts_wherever_it_is() -> None:
    notebook = solved(filter_top_k=marked(1))
    notebook.cells.append(copied(notebook, "filter_top_k", marked(2)))
    made = taken(notebook)
    assert found_value(made) == 2
    assert flags(made) == ["doubled: filter_top_k"]
    notebook.cells.append(copied(notebook, "filter_top_k", STUB))
    assert found_value(taken(notebook)) == 2
    notebook.cells.append(copied(notebook, "filter_top_k", "filter_top_k = None  # MARK"))
    assert found_value(taken(notebook)) is None


# --- cells of another type ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_solution_that_became_text_runs(kind: str) -> None:
    notebook = solved(filter_top_k=marked(7))
    cell(notebook, "filter_top_k").cell_type = kind
    for key in ("outputs", "execution_count"):
        cell(notebook, "filter_top_k").pop(key)
    made = taken(notebook)
    assert found_value(made) == 7
    assert flags(made) == ["another type: filter_top_k"]
    notebook.cells.insert(place(notebook, "filter_top_k"), code(marked(8)))
    assert found_value(taken(notebook)) == 8  # then the text was a draft
    assert cell(made.notebook, "filter_top_k").cell_type == "code"


# --- metadata that are gone -----------------------------------------------------------------------


def stripped(notebook: Any, ids: str = "kept") -> Any:
    for number, each in enumerate(notebook.cells):
        each.metadata = nbformat.from_dict({"trusted": True})
        if ids == "renewed":
            each.id = f"new-{number}"
    if ids in ("gone", "colab"):
        notebook.nbformat_minor = 4
        for each in notebook.cells:
            each.metadata["id"] = each.pop("id") if ids == "colab" else "x"
            each.pop("id", None)
    return notebook


def by_student(made: Rebuilt) -> dict[str, str]:
    return {c.id: c.source for c in made.notebook.cells if role(c) in (Role.SOLUTION, Role.TEXT)}


@pytest.mark.parametrize("ids", ["kept", "renewed", "gone", "colab"])
@pytest.mark.parametrize("release", [RELEASE, ENGLISH], ids=["de", "en"])
def test_a_notebook_without_metadata_is_the_same_notebook(release: Any, ids: str) -> None:
    answer = {"observation_greedy": "Der Text wiederholt sich.", "observation_prompt": "Lang."}
    whole = taken(solved(release, **answer))
    notebook = stripped(solved(release, **answer), ids)
    made = taken(notebook)
    assert by_student(made) == by_student(whole)
    names = [c.id for c in made.notebook.cells if not c.id.startswith("added-")]
    assert names == [c.id for c in whole.notebook.cells if not c.id.startswith("added-")]
    *more, flag = flags(made)
    assert re.fullmatch(r"without metadata: \d+ cells", flag)
    assert more == (["another edition"] if release == ENGLISH else [])
    edition = edition_of(notebook, ROOT / "release")
    assert edition is not None
    assert edition.path == release
    own = [c.source for c in made.notebook.cells if role(c) == Role.OWN]
    assert own == [c.source for c in whole.notebook.cells if role(c) == Role.OWN]


def test_an_empty_notebook_without_metadata_is_empty() -> None:
    released = {c.id: c.source for c in read_notebook(RELEASE).cells if grade_id_of(c)}
    for ids in ("kept", "renewed", "gone"):
        made = by_student(taken(stripped(read_notebook(RELEASE), ids)))
        assert made == {name: released[name] for name in made}


def test_some_cells_without_metadata_are_found() -> None:
    notebook = solved()
    for name in ("filter_top_k", "explore", "test_explore", "question_greedy"):
        cell(notebook, name).metadata = nbformat.from_dict({})
    cell(notebook, "filter_top_k").id = "new"
    made = taken(notebook)
    assert by_student(made) == by_student(taken(solved()))
    assert flags(made) == ["without metadata: 3 cells", "in another cell: filter_top_k"]


def test_a_solution_with_a_mistake_in_its_syntax_is_found() -> None:
    broken = "def filter_top_k(logits, k)\n    return logits"
    made = taken(stripped(solved(filter_top_k=broken), "gone"))
    assert cell(made.notebook, "filter_top_k").source == broken


def test_blanks_at_the_ends_of_lines_change_nothing() -> None:
    notebook = stripped(solved(), "gone")
    for each in notebook.cells:
        each.source = each.source.rstrip().replace("\n", "  \n") + "\n\n"
    assert flags(taken(notebook)) == ["without metadata: 54 cells"]


def test_text_cells_that_a_converter_joined_are_found() -> None:
    """Of Markdown cells in a row, some formats make one."""
    notebook = stripped(solved(observation_greedy="Der Text wiederholt sich."), "kept")
    question, answer = cell(notebook, "question_greedy"), cell(notebook, "observation_greedy")
    question.source += "\n\n" + answer.source
    notebook.cells.remove(answer)
    for each in notebook.cells:
        del each["id"]
    notebook.nbformat_minor = 4
    made = taken(notebook)
    assert cell(made.notebook, "observation_greedy").source == "Der Text wiederholt sich."


# --- locked cells ---------------------------------------------------------------------------------


def test_code_that_was_merged_into_a_locked_cell_runs() -> None:
    """JupyterLab's merge keeps the first cell's metadata: here a test's, and the imports'."""
    notebook = solved(filter_top_k=marked(7))
    test = cell(notebook, "test_filter_top_k")
    test.source += "\n" + cell(notebook, "filter_top_k").source
    notebook.cells.remove(cell(notebook, "filter_top_k"))
    cell(notebook, "setup").source += "\nimport math"
    made = taken(notebook)
    assert found_value(made) == 7
    assert "import math" in [c.source for c in made.notebook.cells]
    assert {"changed: setup", "changed: test_filter_top_k"} < set(flags(made))


@pytest.mark.parametrize("source", ["9", "1000", "print('passed')", "# check", "pass", ""])
def test_a_changed_test_is_the_releases(source: str) -> None:
    notebook = solved()
    cell(notebook, "test_filter_top_k").source = source
    notebook.cells.insert(0, copied(notebook, "test_filter_top_k", source))
    notebook.cells.append(copied(notebook, "hidden_filter_top_k", source))
    made = taken(notebook)
    assert [c.source for c in made.notebook.cells] == [
        c.source for c in taken(solved()).notebook.cells
    ]
    assert "changed: test_filter_top_k" in flags(made)


def test_imports_come_first_even_if_moved() -> None:
    notebook = solved()
    notebook.cells.append(notebook.cells.pop(place(notebook, "setup")))
    made = taken(notebook).notebook
    assert place(made, "setup") < place(made, "encode_prompt")
    notebook.cells.pop()
    assert place(taken(notebook).notebook, "setup") == 0


# --- attacks by likeness --------------------------------------------------------------------------


def test_no_cell_takes_a_tests_place() -> None:
    """Ids, texts and functions of tests, in cells of the student's own (`taken` looks)."""
    notebook = solved(filter_top_k=STUB)
    test = cell(notebook, "test_filter_top_k")
    fakes = [code(test.source), code(test.source + "\nscore = 9"), text(test.source)]
    fakes += [code("def check(*_):\n    return 1"), code("def test_filter_top_k(): pass")]
    fakes[0].id = "fake"
    for name in ("test_filter_top_k", "hidden_filter_top_k", "hidden_explore"):
        fakes.append(code("def filter_top_k(logits, k):\n    return logits"))
        fakes[-1].id = name
        cell(notebook, name).id = f"was-{name}"
    for graded in (True, False):
        metadata = {"grade": graded, "grade_id": "hidden_new", "points": 50, "solution": False}
        fakes.append(code(test.source, nbgrader=metadata))
    notebook.cells = [*fakes, *notebook.cells, *copy.deepcopy(fakes)]
    for number, each in enumerate(notebook.cells[-len(fakes) :]):
        each.id = f"again-{number}"
    made = taken(notebook)
    own = [c for c in made.notebook.cells if role(c) == Role.OWN]
    assert not any("nbgrader" in c.metadata for c in own)


def test_no_likeness_doubles_or_replaces_a_locked_cell() -> None:
    """40 notebooks with cells copied, moved, stripped, retyped, renamed, joined at random."""
    rng = random.Random(11)
    for _ in range(40):
        notebook = solved()
        cells = notebook.cells
        for _ in range(rng.randint(1, 12)):
            one, other = rng.choice(cells), rng.choice(cells)
            change = rng.randrange(8)
            if change == 0:
                cells.insert(rng.randrange(len(cells)), copy.deepcopy(one))
            elif change == 1:
                cells.append(cells.pop(rng.randrange(len(cells))))
            elif change == 2:
                one.metadata = nbformat.from_dict({})
            elif change == 3:
                one.metadata = copy.deepcopy(other.metadata)
            elif change == 4:
                one.id = other.id
            elif change == 5:
                one.source += "\n" + other.source
            elif change == 6:
                one.cell_type = rng.choice(("code", "markdown", "raw", "heading"))
            elif len(cells) > 3:
                cells.remove(one)
        made, released = rebuild(RELEASED, notebook, EXERCISES), by_id(RELEASED)
        there = [c for c in made.notebook.cells if grade_id_of(c)]
        assert sorted(map(grade_id_of, there)) == sorted(released)
        for each in there:
            assert role(each) in (Role.SOLUTION, Role.TEXT) or each == released[grade_id_of(each)]
        names = [c.id for c in made.notebook.cells]
        for name in list(A7_2):
            assert names.index(name) < names.index(f"test_{name}") < names.index(f"hidden_{name}")


# --- answers --------------------------------------------------------------------------------------

BLANK = cell(RELEASED, "observation_greedy").source
ANSWER = "Der Text wiederholt sich nach wenigen Worten."


def answer(notebook: Any) -> str:
    return str(cell(taken(notebook).notebook, "observation_greedy").source)


@pytest.mark.parametrize("given", ["blank", "deleted", "emptied"])
@pytest.mark.parametrize("kind", ["markdown", "raw", "code"])
@pytest.mark.parametrize(
    ("after", "nearby"),
    [
        ("observation_greedy", True),
        ("question_greedy", True),
        ("about_observation_sampling", False),
        ("show_repetition", False),
        ("about_observation_greedy_2", False),
    ],
)
def test_an_answer_in_a_new_cell_is_found(after: str, nearby: bool, kind: str, given: str) -> None:
    notebook = solved(observation_greedy="" if given == "emptied" else BLANK)
    notebook.cells.insert(place(notebook, after) + 1, _written(kind))
    if given == "deleted":
        notebook.cells.remove(cell(notebook, "observation_greedy"))
    made = taken(notebook)
    assert ANSWER in cell(made.notebook, "observation_greedy").source
    assert flags(made) == ["in another cell: observation_greedy"]
    own = [c for c in made.notebook.cells if role(c) == Role.OWN and c.source == ANSWER]
    assert len(own) == (kind == "code" or not nearby)  # one that is not nearby stays there too


def _written(kind: str) -> Any:
    if kind == "raw":
        return nbformat.v4.new_raw_cell(ANSWER)
    return text(ANSWER) if kind == "markdown" else code(ANSWER)


def test_all_parts_of_an_answer_are_read_in_order() -> None:
    notebook = solved(observation_greedy="Zwei.")
    where = place(notebook, "observation_greedy")
    notebook.cells[where + 1 : where + 1] = [text("Drei."), code("x = 1"), text("Vier.")]
    notebook.cells.insert(where, text("Eins."))
    notebook.cells.append(copied(notebook, "observation_greedy", "Fünf."))
    notebook.cells.append(copied(notebook, "observation_greedy", BLANK))
    assert answer(notebook) == "Eins.\n\nZwei.\n\nDrei.\n\nVier.\n\nFünf."


def test_what_was_written_into_a_question_is_read() -> None:
    notebook = solved(observation_greedy=BLANK)
    cell(notebook, "question_greedy").source += f"\n{ANSWER}"
    assert answer(notebook) == ANSWER
    cell(notebook, "question_greedy").source = ANSWER
    assert answer(notebook) == ANSWER


def test_an_answer_stays_as_it_is_and_blank_is_blank() -> None:
    notebook = solved(observation_greedy=f"{ANSWER}\n\n* so\n")
    notebook.cells.insert(place(notebook, "try_observation_greedy"), text("# Meine Versuche"))
    assert answer(notebook) == f"{ANSWER}\n\n* so\n"
    for blank in ("", " \n", f"{BLANK} \n", "YOUR ANSWER HERE"):  # the last is nbgrader's own
        notebook = solved(observation_greedy=blank)
        assert answer(notebook) == BLANK
    notebook.cells.insert(place(notebook, "setup"), text("Weit weg."))
    notebook.cells.insert(place(notebook, "observation_greedy"), code("explore"))
    assert answer(notebook) == BLANK


PASTED = {"image.png": {"image/png": PNG}}


@pytest.mark.parametrize(
    ("source", "attachments"),
    [
        ("![image.png](attachment:image.png)", PASTED),
        ('![a (b)](attachment:a%20b.png "Bild")', {"a b.png": {"image/png": PNG}}),
        ('<img src="attachment:image.png" width="300">', PASTED),
        ("", PASTED),
        (BLANK, PASTED),
        (f"![](data:image/png;base64,{PNG})", None),
        (f"<img alt='x' src='data:image/png;base64,{PNG}'/>", None),
    ],
)
@pytest.mark.parametrize("own", [False, True])
def test_a_pasted_picture_is_kept(source: str, attachments: Any, own: bool) -> None:
    notebook = solved(observation_greedy=BLANK if own else source)
    given = cell(notebook, "observation_greedy")
    if own:
        given = text(source)
        notebook.cells.insert(place(notebook, "observation_greedy") + 1, given)
    if attachments:
        given["attachments"] = attachments
    made = cell(taken(notebook).notebook, "observation_greedy")
    assert made.attachments == {"picture-1": {"image/png": PNG}}
    assert "![](attachment:picture-1)" in made.source
    assert "![image" not in made.source


@pytest.mark.parametrize(
    "bundle",
    [
        {"image/svg+xml": "<svg onload='alert(1)'/>"},
        {"image/png": base64.b64encode(b"<script>").decode()},
        {"image/png": "not base64"},
        {"image/png": PNG + "A" * 6_000_000},
        {"text/html": "<script>alert(1)</script>"},
        {"image/png": 5},
        [],
        None,
    ],
)
def test_what_is_no_safe_picture_is_said(bundle: Any) -> None:
    notebook = solved(observation_greedy="![a](attachment:a.png)")
    cell(notebook, "observation_greedy")["attachments"] = {"a.png": bundle}
    submitted = reader.parse(json.dumps(notebook).encode())
    made = cell(rebuild(RELEASED, submitted, EXERCISES).notebook, "observation_greedy")
    assert "attachments" not in made
    assert made.source.startswith("[Bild nicht übernommen: nur PNG und JPEG bis 5 MB")


def test_no_text_takes_long_to_search() -> None:
    began = time.process_time()
    for source in (
        "![" * 200_000,
        "![](attachment:" * 30_000,
        "<img src='attachment:" * 20_000,
        "<img src=" * 40_000,
        "![](data:image/png;base64," + "A" * 400_000 + " " * 400_000,
    ):
        assert Album().text_of(source, None) == source
    assert time.process_time() - began < 5
