"""Hints in three steps, on request: the same ones in box, terminal and messages."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
import torch
from support.notebooks import A7_2, RELEASE, ROOT, packaged_code

from autograder import check, hint
from autograder.checking.result import Result
from autograder.course.verify import namespace
from autograder.exercises.exercise import PACKAGED, ExerciseError, parse_exercise
from autograder.exercises.known import known_wrong
from autograder.exercises.references import own_reference
from autograder.notebooks.cells import Role, read_notebook, solutions
from kischule.errors import ArgumentError
from kischule.i18n import LANGUAGE_VARIABLE

Solved = Callable[..., dict[str, Any]]
MAX_WORDS = 65  # of a step
CODES = ("de", "en")
NUMBERS = re.compile(r"\[[-\d., \[\]]+\]")  # a list of numbers in a text
# exercise, a call of its reference, and the numbers that the third step gives for it
EXAMPLES = [
    ("apply_repetition_penalty", ([4.0, -2.0, 6.0], [[0, 1, 0]], 4.0), "[1.0, -8.0, 6.0]"),
    ("apply_temperature", ([6.0, -3.0], 1.5), "[4.0, -2.0]"),
    ("apply_temperature", ([6.0, -3.0], 0.25), "[24.0, -12.0]"),
    ("repetition_rate", ([8, 9, 8, 9, 8], 2), "0.5"),
]
# exercise, the logits of its example and the argument; which tokens stay
KEPT = [
    ("filter_top_k", [4.0, 1.5, 4.5, 1.5, -2.0], 3, [0, 1, 2, 3]),
    ("filter_top_p", torch.tensor([0.1, 0.5, 0.4]).log().tolist(), 0.6, [1, 2]),
    ("filter_min_p", torch.tensor([0.5, 0.3, 0.2]).log().tolist(), 0.5, [0, 1]),
    ("filter_min_p", torch.tensor([0.5, 0.3, 0.2]).log().tolist(), 0.3, [0, 1, 2]),
    ("filter_typical", torch.tensor([0.6, 0.3, 0.1]).log().tolist(), 0.5, [0, 1]),
]


class Folds(HTMLParser):
    """The texts of a page, and in how many <details> each of them is folded."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.depth, self.texts = 0, dict[str, int]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.depth += tag == "details"

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "details"

    def handle_data(self, data: str) -> None:
        self.texts[data] = self.depth


def _failed(solved: Solved, name: str, hidden: bool = False) -> Result:
    source = next(iter(known_wrong(name).values())).source
    return check(name, namespace=solved(**{name: source}), hidden=hidden)


# --- the texts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(PACKAGED))
def test_an_exercise_has_three_short_steps(name: str) -> None:
    hints = PACKAGED[name].hints
    assert len(hints) == 3
    for code in CODES:
        assert len({step[code] for step in hints}) == 3
        assert all(4 < len(step[code].split()) <= MAX_WORDS for step in hints)
    assert hints[2].de.startswith("Ein Beispiel")
    assert hints[2].en.startswith("An example")
    numbers = [re.findall(r"-?\d+(?:\.\d+)?", hints[2][code]) for code in CODES]
    assert sorted(numbers[0]) == sorted(numbers[1])


@pytest.mark.parametrize("name", list(PACKAGED))
def test_no_step_is_the_solution(name: str) -> None:
    """No step has a line of the reference, nor the right side of one."""
    lines = [line.strip() for line in packaged_code()[name].splitlines()]
    parts = {part for line in lines for part in (line, re.split(r" = |return ", line)[-1])}
    for step in PACKAGED[name].hints:
        for code in CODES:
            assert [p for p in parts if len(p) > 15 and p in step[code]] == []


@pytest.mark.parametrize("name", list(PACKAGED))
def test_an_example_has_other_numbers_than_a_case(name: str) -> None:
    exercise = PACKAGED[name]
    given = str([dict(case.arguments) for case in exercise.cases])
    for text in NUMBERS.findall(exercise.hints[2].en):
        assert text.strip("[]") == "" or len(text) < 8 or text.strip("[]") not in given


@pytest.mark.parametrize(("name", "arguments", "result"), EXAMPLES)
def test_an_example_gives_what_it_says(name: str, arguments: Any, result: str) -> None:
    tensors = [torch.tensor(a) if isinstance(a, list) else a for a in arguments]
    made = own_reference(name)(*(arguments if name == "repetition_rate" else tensors))
    assert str(made if isinstance(made, float) else made.tolist()) == result
    for code in CODES:
        step = PACKAGED[name].hints[2][code]
        assert result in step
        assert str(arguments[0]) in step


@pytest.mark.parametrize(("name", "logits", "argument", "stay"), KEPT)
def test_an_example_keeps_what_it_says(
    name: str, logits: list[float], argument: float, stay: list[int]
) -> None:
    found = own_reference(name)(torch.tensor(logits), argument)
    assert found.may.nonzero()[0].tolist() == stay
    assert str(argument) in PACKAGED[name].hints[2].de


def test_examples_of_softmax_and_logarithms_are_right() -> None:
    rows = torch.tensor([[4.0, -torch.inf, 2.0], [0.0, 0.0, 0.6931]]).softmax(-1)
    assert str([round(p, 4) for p in rows[0].tolist()]) in PACKAGED["sample_decode"].hints[2].de
    assert str([round(p, 3) for p in rows[1].tolist()]) == "[0.25, 0.25, 0.5]"
    assert "[0.25, 0.25, 0.5]" in PACKAGED["next_token_probs"].hints[2].de
    total = torch.tensor([0.5, 0.25]).log().sum().item()
    assert f"= {total:.4f}" in PACKAGED["sequence_log_prob"].hints[2].de


def test_two_steps_are_refused() -> None:
    step = "{de: a, en: b}"
    text = (
        "id: f\ntitle: {de: F, en: F}\nparameters: [x]\nchecker: number\n"
        f"read: {{de: a, en: b}}\nhints: [{step}, {step}]\ncases: [{{x: 1}}]\n"
    )
    with pytest.raises(ExerciseError, match=r"f\.yaml, line 6: hints must be 3 steps, .* was: 2"):
        parse_exercise(text, "f.yaml")
    assert parse_exercise(text.replace(f"hints: [{step}, {step}]\n", ""), "f.yaml").hints == ()


# --- on request ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "label"), [("de", "Hinweis 2 von 3"), ("en", "Hint 2 of 3")])
def test_a_step_is_printed_when_asked_for(
    code: str, label: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(LANGUAGE_VARIABLE, code)
    hint("filter_top_p", 2)
    step = PACKAGED["filter_top_p"].hints[1][code]
    assert capsys.readouterr().out == f"{label}: {step}\n"


@pytest.mark.parametrize("step", [0, 4, -1, "2", 2.0, None])
def test_a_step_that_there_is_not_is_refused(step: Any) -> None:
    with pytest.raises(ArgumentError, match="step must be one of the hints, of which explore has"):
        hint("explore", step)


def test_an_exercise_that_there_is_not_is_refused() -> None:
    with pytest.raises(KeyError, match="no exercise 'top_q'; there are: accept_"):
        hint("top_q")


@pytest.mark.parametrize("code", CODES)
def test_the_box_folds_each_step_into_the_one_before(
    code: str, solved: Solved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LANGUAGE_VARIABLE, code)
    folded = Folds(_failed(solved, "filter_top_p")._repr_mimebundle_()["text/html"]).texts
    steps = PACKAGED["filter_top_p"].hints
    assert [folded[step[code]] for step in steps] == [1, 2, 3]
    assert folded["Hinweis 1 von 3" if code == "de" else "Hint 1 of 3"] == 1
    if code == "de":  # with the English box folded below
        assert [folded[step.en] for step in steps] == [2, 3, 4]


def test_a_message_names_the_hints_and_tells_none(solved: Solved) -> None:
    result = _failed(solved, "filter_top_p")
    assert result.plain("de").endswith('\nMehr Hinweise: hint("filter_top_p", 1), dann 2 und 3')
    assert result.below("en").endswith('\nMore hints: hint("filter_top_p", 1), then 2 and 3')
    for code in CODES:
        told = result.plain(code) + result.told(code)
        assert not any(step[code] in told for step in PACKAGED["filter_top_p"].hints)


def test_a_mistake_without_a_name_leaves_the_rest_to_the_steps(solved: Solved) -> None:
    source = "def apply_temperature(logits, temperature):\n    return logits / temperature + 1"
    message = check("apply_temperature", namespace=solved(apply_temperature=source)).message
    assert message is not None
    assert message.hint is None
    assert message.steps == PACKAGED["apply_temperature"].hints


def test_a_hidden_case_has_the_same_steps(solved: Solved) -> None:
    message = _failed(solved, "filter_top_p", hidden=True).message
    assert message is not None
    assert message.steps == PACKAGED["filter_top_p"].hints
    assert message.code == ""


@pytest.mark.parametrize("name", list(PACKAGED))
def test_an_untouched_cell_says_one_line(name: str, solved: Solved) -> None:
    (release,) = (ROOT / "release" / PACKAGED.paths[name].parent.name).glob("*.ipynb")
    stub = solutions(read_notebook(release))[name]
    for hidden in (False, True):
        result = check(name, namespace=solved(**{name: stub}), hidden=hidden)
        assert result.plain("de").splitlines()[1:] == ["Hier fehlt noch Ihre Lösung."]
        assert result.plain("en").splitlines()[1:] == ["Your solution is still missing here."]
        shown = Folds(result._repr_mimebundle_()["text/html"]).texts
        assert [text for text, depth in shown.items() if not depth][2:] == [
            "Hier fehlt noch Ihre Lösung."
        ]


def test_in_an_untouched_notebook_each_cell_says_so() -> None:
    """Also one that builds on others, which are missing as well."""
    blank = namespace(solutions(read_notebook(RELEASE), Role.SOLUTION))
    told = {name: check(name, namespace=blank).plain("en").splitlines()[1:] for name in A7_2}
    assert told == {name: ["Your solution is still missing here."] for name in A7_2}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            "return next_token_probs(model, input_ids)",
            "Bringen Sie zuerst next_token_probs in Ordn",
        ),
        ("raise NotImplementedError('later')", "bricht ab mit: NotImplementedError: later"),
        ("return torch.empty(2, device='meta').tolist()", "bricht ab mit: NotImplementedError: "),
    ],
)
def test_a_cell_that_was_touched_says_more(body: str, sentence: str, solved: Solved) -> None:
    source = f"def greedy_decode(model, input_ids, max_length):\n    {body}"
    functions = solved(greedy_decode=source)
    if "next_token_probs" in body:
        exec(solutions(read_notebook(RELEASE))["next_token_probs"], functions)
    assert sentence in str(check("greedy_decode", namespace=functions))


def test_what_is_not_the_students_mistake_has_no_steps(
    solved: Solved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.checking.values.reference", lambda *_: 1 / 0)
    message = check("apply_temperature", namespace=solved()).message
    assert message is not None
    assert message.steps == ()
