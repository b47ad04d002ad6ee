"""Skeletons to edit: a small real exercise, and an assignment around one.

The function adds its arguments up, or doubles a single one; it is right as it stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nbformat

from autograder.exercises.strict import load_yaml
from autograder.files import packaged
from autograder.notebooks.cells import by_id, read_notebook
from kischule.i18n import Text

VALUES = ("[0.5, 1.0, -2.0]", "[1.0, -0.5, 3.0]")  # of the public case, in turn
PREFIXES = ("task_", "", "test_", "hidden_")  # of an exercise's cells, in their order

INTRO = Text(
    "# {assignment}\n\nHier steht, worum es in diesem Notebook geht.",
    "# {assignment}\n\nSay here what this notebook is about.",
)
TASK = Text(
    "**Aufgabe {number}.** Schreiben Sie `{call}`. Zurück kommt {what}, als Tensor mit drei "
    "Zahlen wie {arguments}.",
    "**Exercise {number}.** Write `{call}`. Return {what}, as a tensor of three numbers like "
    "{arguments}.",
)
DOCSTRING = Text("Ergebnis: {result}, Form (3,).", "Return {result}, of shape (3,).")
SUM = Text("die Summe der Argumente", "the sum of the arguments")
DOUBLE = Text("das Doppelte des Arguments", "twice the argument")
LIKE_ALL = Text("jedes von ihnen", "each of them")
LIKE_ONE = Text("das Argument", "the argument")
HIDDEN_TEST = Text(
    "# Bei der Bewertung wird {name} hier mit verborgenen Fällen geprüft.",
    "# During grading, {name} is tested here on hidden cases.",
)
QUESTION = Text(
    "**Frage 1.** Was fällt Ihnen am Ergebnis auf, und woran liegt es?",
    "**Question 1.** What do you notice about the result, and what is the reason?",
)
ANSWER = Text(
    "Jede Zahl ist doppelt so groß, denn die Funktion rechnet mit jeder für sich.\n\n"
    "=== BEGIN MARK SCHEME ===\n"
    "**Bewertung (2 Punkte).** 1 Punkt: eine Beobachtung. 1 Punkt: ein Grund, der zu ihr passt.\n"
    "=== END MARK SCHEME ===",
    "Each number is twice as large, because the function treats each by itself.\n\n"
    "=== BEGIN MARK SCHEME ===\n"
    "**Marks (2 points).** 1 point: an observation. 1 point: a reason that fits it.\n"
    "=== END MARK SCHEME ===",
)
TO_READ = Text("Aufgabe {number}", "Exercise {number}")


@dataclass(frozen=True, kw_only=True)
class Skeleton:
    """An exercise to edit."""

    name: str
    parameters: Sequence[str]
    number: int  # in the notebook

    @property
    def call(self) -> str:
        """The function with its parameters."""
        return f"{self.name}({', '.join(self.parameters)})"

    def exercise_file(self) -> bytes:
        """The exercise's YAML."""
        read = TO_READ.format(number=self.number)
        lines = [
            f"id: {_quoted(self.name)}",
            f"title: {{de: {_quoted(self.name)}, en: {_quoted(self.name)}}}",
            f"parameters: [{', '.join(map(_quoted, self.parameters))}]",
            "checker: tensor",
            f"read: {{de: '{read.de}', en: '{read.en}'}}",
            "cases:",
            f"  - {{{self._arguments([f'{{vector: {value}}}' for value in VALUES])}}}",
            "hidden:",
            f"  - {{{self._arguments(['{generate: vector, size: 3, from: -3, to: 3}'])}}}",
            "rounds: 3",
        ]
        return "\n".join([*lines, ""]).encode()

    def _arguments(self, values: Sequence[str]) -> str:
        given = (values[i % len(values)] for i in range(len(self.parameters)))
        return ", ".join(f"{_quoted(p)}: {v}" for p, v in zip(self.parameters, given, strict=True))

    def known_wrong(self) -> bytes:
        """The file of wrong solutions."""
        why = "Forgets the other arguments." if len(self.parameters) > 1 else "Changes nothing."
        return self._known(
            "wrong",
            'fails_case=1, kind="value"',
            "first_argument_only",
            f'    """{why}"""\n    return {self.parameters[0]}',
        )

    def known_correct(self) -> bytes:
        """The file of correct solutions, written otherwise than the reference."""
        terms = [*reversed(self.parameters)] if len(self.parameters) > 1 else [*self.parameters] * 2
        return self._known("correct", "", "added_up", f"    return {' + '.join(terms)}")

    def _known(self, mark: str, options: str, function: str, body: str) -> bytes:
        return (
            f'"""{mark.capitalize()} solutions of `{self.name}`."""\n\n'
            f"from autograder.exercises.known import {mark}\n\n\n"
            f"@{mark}({options})\ndef {function}({', '.join(self.parameters)}):\n{body}\n"
        ).encode()

    def cells(self, language: str) -> list[Any]:
        """The text, the solution, and the public and hidden test."""
        several = len(self.parameters) > 1
        what = SUM if several else DOUBLE
        solution = " + ".join(self.parameters) if several else f"2 * {self.parameters[0]}"
        task = TASK.format(
            number=self.number,
            call=self.call,
            what=what,
            arguments=LIKE_ALL if several else LIKE_ONE,
        )
        docstring = DOCSTRING.format(result=what)
        ids = [prefix + self.name for prefix in PREFIXES]
        return [
            nbformat.v4.new_markdown_cell(task[language], id=ids[0]),
            _made_cell(
                ids[1],
                f'def {self.call}:\n    """{docstring[language]}"""\n'
                f"    ### BEGIN SOLUTION\n    return {solution}\n    ### END SOLUTION",
                solution=True,
            ),
            _made_cell(ids[2], f'check("{self.name}")', points=1),
            _made_cell(
                ids[3],
                f"{HIDDEN_TEST.format(name=self.name)[language]}\n### BEGIN HIDDEN_TEST TESTS\n"
                f'check("{self.name}", hidden=True)\n### END HIDDEN_TEST TESTS',
                points=2,
            ),
        ]


def assignment_notebook(assignment: str, example: Skeleton, language: str) -> Any:
    """A notebook with a title, A7_2's first cell, an exercise, and a question with a rubric."""
    (model,) = (packaged("source") / ("a7_2_en" if language == "en" else "a7_2")).glob("*.ipynb")
    source = read_notebook(model)
    notebook = nbformat.v4.new_notebook(metadata=source.metadata)
    intro = INTRO.format(assignment=assignment)[language]
    notebook.cells = [
        nbformat.v4.new_markdown_cell(intro, id="intro"),
        by_id(source)["setup"],
        *example.cells(language),
        _made_cell("question_1", QUESTION[language], text=True),
        _made_cell("observation_1", ANSWER[language], text=True, solution=True, points=2),
    ]
    return notebook


def _quoted(name: str) -> str:
    """A name as YAML reads it as text; `on` is a truth value there."""
    return name if load_yaml(name, name)[0] == name else f"'{name}'"


def _made_cell(
    grade_id: str,
    source: str,
    *,
    text: bool = False,
    solution: bool = False,
    points: float | None = None,
) -> Any:
    """A cell with nbgrader's metadata."""
    make = nbformat.v4.new_markdown_cell if text else nbformat.v4.new_code_cell
    about: dict[str, Any] = {
        "grade": points is not None,
        "grade_id": grade_id,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if points is not None:
        about["points"] = points
    return make(source, id=grade_id, metadata={"nbgrader": about})
