"""The greedy check on a model in half precision: what rounding decides is right, the rest is not.

On the CPU, with texts of a few tokens: it takes a tenth of a second for one in half precision.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

import kischule
from autograder.checking.calls import Call
from autograder.checking.compare import Mismatch
from autograder.checking.registry import CHECKERS
from autograder.exercises import oracle
from autograder.exercises.exercise import PACKAGED
from autograder.exercises.known import known_correct, known_wrong
from autograder.sandbox.arguments import build
from autograder.sandbox.data import plain
from autograder.sandbox.models import TableModel
from autograder.sandbox.student import Reply

GREEDY = "def greedy_decode(model, input_ids, max_length):\n"
HALF = ("bfloat16", "float16")
PROMPT, LENGTH = {"prompt": "Once upon a time"}, 16
WITHOUT_LOOP = {
    "model_generate": GREEDY
    + "    return model.generate(input_ids, max_length=max_length, do_sample=False)",
    "kischule_generate": "import kischule\n"
    + GREEDY
    + "    return kischule.generate(model, input_ids, seed=1, max_length=max_length)",
}
RIGHT = {**known_correct("greedy_decode"), **WITHOUT_LOOP}
PENALTY = (
    GREEDY + "    return model.generate(input_ids, max_length=max_length, repetition_penalty=1.5)"
)
# those of the wrong solutions that `mini` can tell: the others are about an end token or a type
WRONG = {
    name: (known.source, known.kind)
    for name, known in known_wrong("greedy_decode").items()
    if name in ("second_best", "only_the_last_token_as_context", "one_too_few", "one_too_many")
} | {"penalty_applied": (PENALTY, "token")}


@cache
def model_of(dtype: str) -> Any:
    """`mini`; float16 is not to be had of `load` on the CPU, where it is slow."""
    if dtype == "float16":
        return kischule.load("mini", device="cpu")[1].to(torch.float16)
    return kischule.load("mini", device="cpu", dtype=dtype)[1]


def judged(model: Any, input_ids: torch.Tensor, max_length: int, value: Any) -> Mismatch | None:
    """Judge these ids as the reply to a call on this model."""
    exercise = PACKAGED["greedy_decode"]
    arguments = {"model": model, "input_ids": input_ids, "max_length": max_length}
    call = Call(arguments, Reply(plain(value)))
    # without stored ids, which are those of the model in float32
    return CHECKERS["greedy"].judge(exercise, exercise.cases[-1], [call])


def tried(
    source: str, solved: Callable[..., dict[str, Any]], dtype: str
) -> tuple[Mismatch | None, list[int]]:
    """The verdict on a solution, and its ids."""
    function = solved(greedy_decode=source)["greedy_decode"]
    model, ids = model_of(dtype), build(PROMPT)
    value = function(model, ids.clone(), LENGTH)
    return judged(model, ids, LENGTH, value), value[0].tolist()


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("name", ["reference", *RIGHT])
def test_a_correct_solution_is_accepted(
    name: str, dtype: str, solved: Callable[..., dict[str, Any]], reference: dict[str, str]
) -> None:
    """With a cache and without, loops and library calls: each rounds in another order."""
    mismatch, ids = tried(RIGHT.get(name, reference["greedy_decode"]), solved, dtype)
    assert mismatch is None
    assert len(ids) == LENGTH


@pytest.mark.parametrize(
    ("dtype", "prompt"),
    [
        ("bfloat16", "The giant looked at the well and"),
        ("bfloat16", "A brave tailor set out to find the sea and"),
        ("float16", "The little girl dreamed of an empty house when"),
        ("float16", "The wicked witch dreamed of a great wolf. Then"),
    ],
)
def test_a_choice_that_one_pass_would_not_make_is_accepted(dtype: str, prompt: str) -> None:
    """Texts with a token that is one ulp below the best, where one pass looks at them."""
    model, ids = model_of(dtype), build({"prompt": prompt})
    length = ids.shape[1] + 16
    mask = torch.ones_like(ids)
    made = model.generate(ids, attention_mask=mask, max_length=length, do_sample=False)
    assert judged(model, ids, length, made) is None


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_solution_is_refused(
    name: str, dtype: str, solved: Callable[..., dict[str, Any]]
) -> None:
    source, kind = WRONG[name]
    mismatch, _ = tried(source, solved, dtype)
    assert mismatch is not None
    assert mismatch.kind == kind


@pytest.mark.parametrize("dtype", ["float32", *HALF])
def test_the_last_token_may_be_below_the_best_by_rounding(dtype: str) -> None:
    """The farthest token that still ties is right, the nearest that does not is wrong."""
    model, prompt = model_of(dtype), build(PROMPT)
    ids = oracle.greedy_path(model, prompt[0].tolist(), prompt.shape[1] + 4)[0]
    logits = oracle.logits_of(model, ids[:-1])[-1]
    below = logits.max() - logits
    (allowed,) = oracle.tie(model.dtype, logits[None])
    farthest = int(np.where(below <= allowed, below, -1).argmax())
    nearest = int(np.where(below > allowed, below, np.inf).argmin())
    assert judged(model, prompt, len(ids), torch.tensor([[*ids[:-1], farthest]])) is None
    refused = judged(model, prompt, len(ids), torch.tensor([[*ids[:-1], nearest]]))
    assert refused is not None
    assert (refused.kind, refused.place) == ("token", f"[0, {len(ids) - 1}]")


# one ulp of bfloat16 is 1 / 16 there, one of float16 1 / 128; the largest logit is 10
@pytest.mark.parametrize(
    ("dtype", "right", "wrong"),
    [
        ("float32", 10 - 0.9e-4, 10 - 1.1e-4),
        ("float64", 10 - 0.9e-4, 10 - 1.1e-4),
        ("float16", 10 - 5 / 128, 10 - 6 / 128),
        ("bfloat16", 10 - 5 / 16, 10 - 6 / 16),
    ],
)
def test_a_tie_is_as_wide_as_the_dtype_is_coarse(dtype: str, right: float, wrong: float) -> None:
    """4 eps of 10: 0.039 in float16, 0.3125 in bfloat16; 1e-4 in float32, whatever the logits."""
    model = TableModel(torch.tensor([[10.0, right, wrong]] * 3, dtype=torch.float64))
    model = model.to(getattr(torch, dtype))
    prompt = torch.tensor([[0]])
    for token in (0, 1):
        assert judged(model, prompt, 3, torch.tensor([[0, 0, token]])) is None
    refused = judged(model, prompt, 3, torch.tensor([[0, 2, 0]]))
    assert refused is not None
    assert (refused.kind, refused.expected, refused.actual) == ("token", "0", "2")
    assert refused.place == "[0, 1]"


def test_the_tie_of_float32_does_not_hang_on_the_logits() -> None:
    logits = np.array([[0.0, 0.001], [-500.0, 3.0]])
    for dtype in (torch.float32, torch.float64):
        assert oracle.tie(dtype, logits).tolist() == [1e-4, 1e-4]
    assert oracle.tie(torch.bfloat16, logits).tolist() == [1e-4, 4 * 2**-7 * 500]
    assert oracle.tie(torch.float16, logits).tolist() == [1e-4, 4 * 2**-10 * 500]


def test_the_regret_of_a_prompt_alone_is_none() -> None:
    model, prompt = model_of("float32"), build(PROMPT)
    assert oracle.greedy_slip(model, prompt[0].tolist(), prompt.shape[1]) is None
    assert judged(model, prompt, prompt.shape[1], prompt) is None
