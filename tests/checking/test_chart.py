"""Pictures of mistakes: expected and actual shares of tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from autograder import check
from autograder.checking.result import Chart
from autograder.exercises.known import known_wrong

Solved = Callable[..., dict[str, Any]]


def _chart(solved: Solved, exercise: str, answer: str, hidden: bool = False) -> Chart | None:
    result = check(exercise, hidden=hidden, namespace=solved(**{exercise: answer}))
    assert not result.passed
    return result.chart


def test_a_cut_is_shown_as_it_should_be_and_as_it_is(solved: Solved) -> None:
    answer = known_wrong("filter_top_p")["crossing_token_dropped_but_one_stays"].source
    chart = _chart(solved, "filter_top_p", answer)
    assert chart is not None
    assert not chart.sampled
    expected = dict(zip(chart.labels, chart.expected, strict=True))
    actual = dict(zip(chart.labels, chart.actual, strict=True))
    # probabilities 0.10, 0.64, 0.03, 0.23 and p = 0.7: token 3 crosses it
    assert expected["1"] == pytest.approx(0.64 / 0.87, abs=0.01)
    assert expected["3"] == pytest.approx(0.23 / 0.87, abs=0.01)
    assert expected["0"] == expected["2"] == 0
    assert actual == {"1": 1.0, "3": 0.0, "0": 0.0, "2": 0.0}


def test_sampled_tokens_are_counted_beside_the_allowed_ones(solved: Solved) -> None:
    answer = known_wrong("sample_decode")["temperature_after_the_cut"].source
    chart = _chart(solved, "sample_decode", answer)
    assert chart is not None
    assert chart.sampled
    forbidden = [a for e, a in zip(chart.expected, chart.actual, strict=True) if not e]
    assert max(forbidden) > 0
    assert sum(chart.expected) == pytest.approx(1, abs=1e-3)
    assert sum(chart.actual) == pytest.approx(1, abs=1e-3)


def test_a_hidden_case_and_a_pass_have_no_picture(solved: Solved) -> None:
    answer = known_wrong("filter_top_p")["crossing_token_dropped_but_one_stays"].source
    assert _chart(solved, "filter_top_p", answer, hidden=True) is None
    assert check("filter_top_p", namespace=solved()).chart is None


@pytest.mark.parametrize(
    "body",
    [
        "return None",
        "return logits * float('nan')",
        "return torch.full_like(logits, float('-inf'))",
        "return torch.full_like(logits, float('inf'))",
        "return logits[:1]",
        "return logits.bool()",
        "return 'x'",
    ],
)
def test_a_reply_that_is_no_distribution_has_no_picture(solved: Solved, body: str) -> None:
    answer = f"def filter_top_p(logits, p):\n    {body}"
    result = check("filter_top_p", namespace=solved(filter_top_p=answer))
    assert result.passed is False
    assert result.kind != "ours"
    assert result.chart is None
