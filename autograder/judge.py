"""Judging the answers to one case: a function for each value of `judge` in an exercise's YAML.

Each takes the case's calls, arguments built and answers given, and returns None or the first
Mismatch. A judge of its own is needed only where "compute and compare" is not enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder import compare, misconceptions, oracle
from autograder.arguments import build, calls_of
from autograder.calls import Call, continuation, shown, token_ids
from autograder.chart import chart_of
from autograder.compare import Array, Mismatch
from autograder.exercise import Case, Exercise
from autograder.models import SpyModel, TableModel
from autograder.sampling import best_rule, judge_sample, steps_of
from autograder.student import Answer
from kischule.compat import window

# What is compared as a whole must not hang on rounding: the smallest gap along it, by judge.
MARGIN = {"text": 1e-3, "greedy": 1e-3, "exploration": 1e-3, "beam": 1e-3, "kept": 1e-3}


def margin(exercise: Exercise, case: Case) -> float:
    """The smallest gap that a case's answer may have along it; 0 where it hangs on none.

    Twice as much for another model than `mini`: rounding grows with logits, and theirs are larger.
    """
    least = MARGIN.get(exercise.judge_of(case), 0.0)
    return least if exercise.model == "mini" else 2 * least


Judge = Callable[[Exercise, Case, Sequence[Call]], Mismatch | None]


def judge(exercise: Exercise, case: Case, answers: Sequence[Answer]) -> Mismatch | None:
    """None, or why the answers to the case's calls are not right."""
    calls = [
        Call({name: build(spec) for name, spec in specs.items()}, answer)
        for specs, answer in zip(calls_of(case.arguments), answers, strict=True)
    ]
    for i, call in enumerate(calls):
        if call.answer.changed:
            return Mismatch("changed", actual=call.answer.changed[0], call=i)
    mismatch = JUDGES[exercise.judge_of(case)](exercise, case, calls)
    if mismatch is None:
        return None
    try:
        mismatch = replace(mismatch, chart=chart_of(exercise, case, calls, mismatch))
        return _explained(exercise, case, calls, mismatch)
    except Exception:  # a wrong rule may fail on odd arguments; a verdict does not hang on a hint
        return mismatch


def answer_of(exercise: Exercise, case: Case) -> tuple[Any, float]:
    """The oracle's answer to a case, where it is stored, and the smallest gap along it.

    None, where the answer is judged in another way (a spy's settings) or costs nothing to make.
    """
    kind = exercise.judge_of(case)
    arguments = {name: build(spec) for name, spec in calls_of(case.arguments)[0].items()}
    model = arguments.get("model")
    if kind == "ids":
        return oracle.encode_prompt(**arguments), math.inf
    if kind == "kept":
        return None, getattr(oracle, case.function)(**arguments).gap
    if kind == "beam":
        prompt = arguments["input_ids"][0].tolist()
        ids, gap = oracle.beam_path(model, prompt, arguments["max_length"], arguments["num_beams"])
        return (None if isinstance(model, TableModel) else ids), gap
    if kind == "exploration":
        return _explored(arguments)
    if isinstance(model, (SpyModel, TableModel)):
        return None, math.inf
    if kind == "text":
        return oracle.generate_text(**arguments)
    if kind != "greedy":
        return None, math.inf
    prompt = arguments["input_ids"][0].tolist()
    return oracle.greedy_path(model, prompt, arguments["max_length"])


# --- one call, compute and compare --------------------------------------------------------------


def _each(judge_one: Callable[[Exercise, Case, Call], Mismatch | None]) -> Judge:
    """A judge that looks at each call for itself."""

    def judge_all(exercise: Exercise, case: Case, calls: Sequence[Call]) -> Mismatch | None:
        for i, call in enumerate(calls):
            if mismatch := judge_one(exercise, case, call):
                return replace(mismatch, call=i)
        return None

    return judge_all


def _reference(case: Case, call: Call) -> Any:
    return getattr(oracle, case.function)(**call.arguments)


def _ids(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    return compare.equal_ids(case.expected or _reference(case, call), call.answer.value)


def _truth(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    return compare.truth(_reference(case, call), call.answer.value)


def _number(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    return compare.number(_reference(case, call), call.answer.value, exercise.tolerance)


def _distribution(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    return compare.close(_reference(case, call), call.answer.value, exercise.tolerance)


def _logits(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    expected = _reference(case, call)
    return compare.close(expected, call.answer.value, exercise.tolerance, _dtype(call))


def _kept(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    found = _reference(case, call)
    logits = oracle.floats(call.arguments["logits"])
    return compare.kept(
        logits, found.must, found.may, found.at_least, call.answer.value, _dtype(call)
    )


def _dtype(call: Call) -> str:
    return str(call.arguments["logits"].dtype).removeprefix("torch.")


def _ranking(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    k = call.arguments["k"]
    return compare.ranking(_reference(case, call), k, call.answer.value, exercise.tolerance)


def _greedy(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """Every new token an argmax, given the tokens before it; the right end."""
    model = call.arguments["model"]
    start = call.arguments["input_ids"].shape[1]
    ids = continuation(call)
    if isinstance(ids, Mismatch) and ids.kind not in ("after_eos", "too_short"):
        return ids
    # what is said first is the first wrong token; a wrong end may only follow from it
    given = ids if isinstance(ids, list) else token_ids(call.answer.value)
    assert isinstance(given, list)
    if given != case.expected and (slip := oracle.greedy_slip(model, given, start)):
        place, best = slip
        return Mismatch("token", shown(model, best), shown(model, given[place]), f"[0, {place}]")
    return ids if isinstance(ids, Mismatch) else None


def _beam(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """The best beam; where tokens tie, one that is as likely."""
    model, width = call.arguments["model"], call.arguments["num_beams"]
    prompt = call.arguments["input_ids"][0].tolist()
    ids = continuation(call)
    if isinstance(ids, Mismatch):
        return ids
    expected = case.expected
    if expected is None:
        expected, _ = oracle.beam_path(model, prompt, call.arguments["max_length"], width)
    for i, (wanted, token) in enumerate(zip(expected, ids, strict=False)):
        if wanted != token:
            return Mismatch("beam", shown(model, wanted), shown(model, token), f"[0, {i}]")
    return None if len(ids) == len(expected) else Mismatch("too_short", len(expected), len(ids))


# --- texts as text ------------------------------------------------------------------------------


def _text(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """The settings that `generate` resolved, or a text that leaves nothing to chance."""
    arguments = call.arguments
    if isinstance(arguments["model"], SpyModel):
        wanted = {k: v for k, v in arguments.items() if k in exercise.keywords}
        for key, neutral in (("repetition_penalty", 1.0), ("temperature", 1.0), ("top_p", 1.0)):
            wanted[key] = None if wanted.get(key) == neutral else wanted.get(key)
        if not wanted["do_sample"]:
            wanted = {k: wanted[k] for k in ("max_length", "do_sample", "repetition_penalty")}
        return compare.settings(wanted, call.answer.reports)
    actual = call.answer.value
    actual = _without_eos(call, actual) if isinstance(actual, str) else actual
    expected = case.expected
    if expected is None:
        expected = oracle.generate_text(**arguments)[0]
    return compare.same_text(expected, actual)


def _without_eos(call: Call, text: str) -> str:
    """Whether the end token shows in a text is up to the student."""
    end = call.arguments["model"].config.eos_token_id
    return text.replace(call.arguments["tokenizer"].decode([end]), "")


def _explored(arguments: Mapping[str, Any]) -> tuple[list[str | None], float]:
    """The texts of all settings that decide them, and the smallest gap along one."""
    decided = [
        oracle.decided_text(
            arguments["tokenizer"], arguments["model"], arguments["prompt_text"], setting
        )
        for setting in arguments["settings"]
    ]
    gap = min((found[1] for found in decided if found), default=math.inf)
    return [found and found[0] for found in decided], gap


ENTRY = ("setting", "text", "repetition_rate", "distinct_2", "mean_log_prob")


def _exploration(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """An entry for each setting: its text, and numbers that are those of that text."""
    settings, entries = call.arguments["settings"], call.answer.value
    if not isinstance(entries, list):
        return Mismatch("type", "list", compare.type_name(entries))
    if len(entries) != len(settings):
        return Mismatch("length", len(settings), len(entries))
    texts = case.expected or _explored(call.arguments)[0]
    for i, (setting, entry, text) in enumerate(zip(settings, entries, texts, strict=True)):
        if wrong := _entry(exercise, call, setting, entry, text):
            return replace(wrong, place=f"[{i}]{wrong.place}")
    return None


def _entry(
    exercise: Exercise, call: Call, setting: Mapping[str, Any], entry: object, text: str | None
) -> Mismatch | None:
    if not isinstance(entry, dict):
        return Mismatch("type", "dict", compare.type_name(entry))
    for key in ENTRY:
        if key not in entry:
            return Mismatch("key", key, ", ".join(entry))
    if entry["setting"] != setting:
        return Mismatch("value", setting, entry["setting"], "['setting']")
    written, prompt = entry["text"], call.arguments["prompt_text"]
    if not isinstance(written, str):
        return Mismatch("type", "str", compare.type_name(written), "['text']")
    shown_text = _without_eos(call, written)
    wrong = compare.same_text(text, shown_text) if text is not None else None
    if wrong is None and not shown_text.startswith(_without_eos(call, prompt)):
        wrong = Mismatch("text", prompt, written[: len(prompt)])
    if wrong:
        return replace(wrong, place="['text']")
    tokenizer, model = call.arguments["tokenizer"], call.arguments["model"]
    tokens = len(oracle.encode_prompt(tokenizer, written))
    if tokens > (window(model) or tokens):
        return Mismatch("too_long", setting["max_length"], tokens, "['text']")
    measures = oracle.measures_of(tokenizer, model, prompt, written)
    for key, expected in measures.items():
        if wrong := compare.number(expected, entry[key], exercise.tolerance):
            return replace(wrong, place=f"['{key}']")
    return None


JUDGES: dict[str, Judge] = {
    "beam": _each(_beam),
    "distribution": _each(_distribution),
    "exploration": _each(_exploration),
    "greedy": _each(_greedy),
    "ids": _each(_ids),
    "kept": _each(_kept),
    "logits": _each(_logits),
    "number": _each(_number),
    "ranking": _each(_ranking),
    "sample": judge_sample,
    "text": _each(_text),
    "truth": _each(_truth),
}

# --- why ----------------------------------------------------------------------------------------

EXPLAINABLE = ("value", "text", "token", "kept", "dropped", "support", "distribution", "beam")


def _explained(
    exercise: Exercise, case: Case, calls: Sequence[Call], mismatch: Mismatch
) -> Mismatch:
    """The mismatch with the misconception that the answer follows, if it follows one."""
    if mismatch.kind not in EXPLAINABLE or case.function != exercise.id:
        return mismatch
    rules = [(m.rule, getattr(misconceptions, m.rule)) for m in exercise.misconceptions]
    if exercise.judge == "sample":
        texts = [ids for c in calls if isinstance(ids := token_ids(c.answer.value), list)]
        steps = list(steps_of(exercise, calls, texts))
        return replace(mismatch, rule=best_rule(rules, steps))
    call = calls[mismatch.call]
    for name, rule in rules:
        if _agrees(rule(**call.arguments), call, exercise.tolerance):
            return replace(mismatch, rule=name)
    return mismatch


def tells(exercise: Exercise, case: Case) -> bool:
    """Whether each wrong rule that the case is to tell from the right one fails on it."""
    arguments = {name: build(spec) for name, spec in calls_of(case.arguments)[0].items()}
    for name in case.tells:
        wrong = getattr(misconceptions, name)(**arguments)
        call = Call(arguments, Answer(_as_answer(wrong)))
        if JUDGES[exercise.judge_of(case)](exercise, case, [call]) is None:
            return False
    return True


def _as_answer(value: Any) -> Any:
    """What a wrong rule gives, as a student's function would give it."""
    if isinstance(value, tuple):
        return Array(np.array([value]), "int64")
    return Array(value, "float64") if isinstance(value, np.ndarray) else value


def _agrees(wrong: Any, call: Call, tolerance: float) -> bool:
    """Whether the answer is what the wrong rule gives."""
    value, tolerance = call.answer.value, max(tolerance, 1e-6)
    if isinstance(wrong, np.ndarray):
        dtype = _dtype(call) if "logits" in call.arguments else "float32"
        return compare.close(wrong, value, tolerance, dtype) is None
    if isinstance(wrong, float):
        return compare.number(wrong, value, tolerance) is None
    if isinstance(wrong, tuple):
        return compare.equal_ids(wrong, value) is None
    if isinstance(wrong, list):
        return compare.ranking(wrong, len(wrong), value, tolerance) is None
    return compare.same_text(wrong, value) is None
