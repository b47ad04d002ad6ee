"""Known solutions: the source that is handed out is what a student would have written."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from autograder.checking.wording import TELLING
from autograder.exercises.exercise import PACKAGED
from autograder.exercises.known import KnownWrong, known_correct, known_wrong
from autograder.files import packaged

FILES = sorted(packaged("known").glob("*/*.py"))


def only_wrong(folder: Path, text: str) -> KnownWrong:
    """The one wrong solution in a file of the exercise `count`."""
    (folder / "count.py").write_text(dedent(text), encoding="utf-8")
    (known,) = known_wrong("count", folder).values()
    return known


def only_correct(folder: Path, text: str) -> str:
    """The one correct solution in a file of the exercise `count`."""
    (folder / "count.py").write_text(dedent(text), encoding="utf-8")
    (source,) = known_correct("count", folder).values()
    return source


def test_a_solution_has_the_exercises_name_and_no_docstring(tmp_path: Path) -> None:
    known = only_wrong(
        tmp_path,
        '''
        from autograder.exercises.known import wrong


        @wrong(fails_case=2, kind="value", misconception="off_by_one")
        def one_too_many(tokens):
            """Counts the end token."""
            # all of them
            return len(tokens)  # the end token too
        ''',
    )
    source = "def count(tokens):\n    # all of them\n    return len(tokens)  # the end token too"
    assert known == KnownWrong(source, 2, "value", "off_by_one", "Counts the end token.")


def test_calls_of_itself_have_the_new_name(tmp_path: Path) -> None:
    """Even behind letters of several bytes and twice in a line; `.by_parts` is another name."""
    source = only_correct(
        tmp_path,
        """
        @correct()
        def by_parts(text):
            if text in ("", "Ġ"):
                return 0
            return len("Ġä") and by_parts(text[:1]) + by_parts(text[1:]) + text.by_parts
        """,
    )
    assert source.splitlines()[0] == "def count(text):"
    last = '    return len("Ġä") and count(text[:1]) + count(text[1:]) + text.by_parts'
    assert source.splitlines()[-1] == last


def test_a_variable_with_the_name_of_the_solution_keeps_it(tmp_path: Path) -> None:
    text = "@correct()\ndef ratio(a, b):\n    ratio = a / b\n    return ratio\n"
    source = only_correct(tmp_path, text)
    assert source == "def count(a, b):\n    ratio = a / b\n    return ratio"


def test_other_functions_follow_under_their_own_names(tmp_path: Path) -> None:
    source = only_correct(
        tmp_path,
        '''
        def words(text):
            """The words of a text."""
            return text.split()


        def letters(text):
            return [*text]


        @correct(also=(letters, words))
        def with_helpers(text):
            return len(letters(text)) + len(words(text))
        ''',
    )
    tree = ast.parse(source)
    assert [n.name for n in tree.body if isinstance(n, ast.FunctionDef)] == [
        "count",
        "letters",
        "words",
    ]
    assert source.endswith(
        'def words(text):\n    """The words of a text."""\n    return text.split()'
    )


def test_a_helper_is_the_last_one_of_its_name_above_the_solution(tmp_path: Path) -> None:
    (tmp_path / "count.py").write_text(
        "def helper():\n    return 1\n\n@correct(also=(helper,))\ndef one():\n    return helper()\n"
        "def helper():\n    return 2\n\n@correct(also=(helper,))\ndef two():\n    return helper()\n"
    )
    sources = known_correct("count", tmp_path)
    assert [sources[name][-1] for name in ("one", "two")] == ["1", "2"]


def test_a_solution_can_stand_for_a_helper_function(tmp_path: Path) -> None:
    known = only_wrong(
        tmp_path,
        '''
        def count(text):
            return len(text)


        @wrong(fails_case=1, kind="value", also=(count,), function="is_empty")
        def always_false(text):
            """Says no to every text."""
            return False
        ''',
    )
    names = [n.name for n in ast.parse(known.source).body if isinstance(n, ast.FunctionDef)]
    assert names == ["is_empty", "count"]
    assert known.why == "Says no to every text."


def test_other_decorators_and_the_imports_that_are_used_remain(tmp_path: Path) -> None:
    source = only_correct(
        tmp_path,
        """
        from collections import Counter, deque

        import math as m
        import numpy as np
        import torch

        from autograder.exercises.known import correct


        @correct()
        @torch.no_grad()
        def counted(
            tokens,
        ):
            return m.fsum(Counter(tokens).values())
        """,
    )
    assert source.splitlines() == [
        "from collections import Counter",
        "import math as m",
        "",
        "",
        "@torch.no_grad()",
        "def count(",
        "    tokens,",
        "):",
        "    return m.fsum(Counter(tokens).values())",
    ]


def test_a_function_of_its_docstring_alone_does_nothing(tmp_path: Path) -> None:
    text = '@wrong(fails_case=1, kind="type")\ndef nothing(\n    a,\n):\n    """Is empty."""\n'
    assert only_wrong(tmp_path, text).source == "def count(\n    a,\n):\n    pass"


def test_cells_are_handed_out_as_they_are(tmp_path: Path) -> None:
    cell = "wrong_cell('a_number', '''\ncount = 3\n''', fails_case=1, kind='missing', why='No.')\n"
    assert only_wrong(tmp_path, cell) == KnownWrong("count = 3", 1, "missing", "", "No.")
    cell = "correct_cell('a_lambda', 'count = lambda tokens: len(tokens)')\n"
    assert only_correct(tmp_path, cell) == "count = lambda tokens: len(tokens)"


def test_without_a_file_there_are_no_solutions(tmp_path: Path) -> None:
    assert (known_wrong("count", tmp_path), known_correct("count", tmp_path)) == ({}, {})


def test_a_mistake_may_have_several_names(tmp_path: Path) -> None:
    text = '@wrong(fails_case=1, kind="a", misconception={})\ndef f():\n    """Is wrong."""\n'
    for given, names in (('""', ()), ('"x"', ("x",)), ('("x", "y")', ("x", "y"))):
        assert only_wrong(tmp_path, text.format(given)).names == names


def test_the_names_of_mistakes_are_those_of_the_exercise() -> None:
    for exercise in PACKAGED.values():
        rules = {m.rule for m in exercise.misconceptions}
        known = {*rules, *exercise.explanations, *TELLING, "varies"}
        for name, solution in known_wrong(exercise.id).items():
            assert set(solution.names) <= known, (exercise.id, name)


def test_each_wrong_solution_says_why_it_is_wrong() -> None:
    for exercise in list(PACKAGED):
        for name, known in known_wrong(exercise).items():
            assert known.why.endswith("."), (exercise, name)
            assert "\n" not in known.why, (exercise, name)


def test_the_solutions_define_the_function_and_differ() -> None:
    for exercise in list(PACKAGED):
        wrong = [known.source for known in known_wrong(exercise).values()]
        sources = [*wrong, *known_correct(exercise).values()]
        assert len({ast.dump(ast.parse(source)) for source in sources}) == len(sources)
        for source in sources:
            functions = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
            assert exercise in [function.name for function in functions]
            assert "exercises.known" not in source


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_each_file_is_read_as_python_reads_it(path: Path) -> None:
    read: Any = {"wrong": known_wrong, "correct": known_correct}[path.parent.name]
    defined = runpy.run_path(str(path))
    assert set(read(path.stem)) <= set(defined)
    assert path.stem in list(PACKAGED)
    marks = path.read_text(encoding="utf-8").count(f"\n@{path.parent.name}(")
    assert len(read(path.stem)) == marks
