"""Checkers of generated texts: greedy and beam search, `model.generate`, an exploration."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from autograder.checking import compare
from autograder.checking.calls import (
    ENDED_EARLY,
    Call,
    continuation,
    eos_missing,
    token_ids,
    token_text,
)
from autograder.checking.compare import Mismatch
from autograder.checking.registry import checker
from autograder.exercises import modern, oracle
from autograder.exercises.exercise import Case, Exercise
from autograder.sandbox.models import SpyModel, TableModel
from kischule.compat import window


def _decided_elsewhere(model: Any) -> bool:
    """Replies to a spy or a table cost nothing to make, or are judged in another way."""
    return isinstance(model, (SpyModel, TableModel))


def _greedy_expected(
    exercise: Exercise, case: Case, arguments: Mapping[str, Any]
) -> tuple[Any, float]:
    model = arguments["model"]
    if _decided_elsewhere(model):
        return None, math.inf
    prompt = arguments["input_ids"][0].tolist()
    return oracle.greedy_path(model, prompt, arguments["max_length"])


@checker("greedy", expect=_greedy_expected, stored=True, margin=1e-3, tables_only=True)
def greedy(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """Every new token must be an argmax, given the tokens before it, and the end must be right."""
    model = call.arguments["model"]
    start = call.arguments["input_ids"].shape[1]
    ids = continuation(call)
    if isinstance(ids, Mismatch) and ids.kind not in ("after_eos", *ENDED_EARLY):
        return ids
    # the first wrong token is named first; a wrong end may only follow from it
    given = ids if isinstance(ids, list) else token_ids(call.reply.value)
    assert isinstance(given, list)
    if given != case.expected and (slip := oracle.greedy_slip(model, given, start)):
        place, best = slip
        return Mismatch(
            "token", token_text(model, best), token_text(model, given[place]), f"[0, {place}]"
        )
    if isinstance(ids, Mismatch) and ids.kind in ENDED_EARLY:
        eos = model.config.eos_token_id
        if int(oracle.logits_of(model, given)[-1].argmax()) != eos:
            return ids
        # ended by the prompt's end token, or by one that is not appended: who can tell?
        ambiguous = eos in given[:start]
        return Mismatch("early", len(given) + 1, len(given)) if ambiguous else eos_missing(given)
    return ids if isinstance(ids, Mismatch) else None


def _beam_expected(
    exercise: Exercise, case: Case, arguments: Mapping[str, Any]
) -> tuple[Any, float]:
    model = arguments["model"]
    prompt, width = arguments["input_ids"][0].tolist(), arguments["num_beams"]
    ids, gap = oracle.beam_path(model, prompt, arguments["max_length"], width)
    return (None if isinstance(model, TableModel) else ids), gap


@checker("beam", expect=_beam_expected, stored=True, margin=1e-3, tables_only=True)
def beam(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """The tokens of the best beam."""
    model, width = call.arguments["model"], call.arguments["num_beams"]
    prompt = call.arguments["input_ids"][0].tolist()
    ids = continuation(call)
    if isinstance(ids, Mismatch) and ids.kind not in ENDED_EARLY:
        return ids
    expected = case.expected
    if expected is None:
        expected, _ = oracle.beam_path(model, prompt, call.arguments["max_length"], width)
    if isinstance(ids, Mismatch):  # why it ends early is for a misconception to say
        return Mismatch("early", len(expected), ids.actual)
    for i, (wanted, token) in enumerate(zip(expected, ids, strict=False)):
        if wanted != token:
            return Mismatch(
                "beam", token_text(model, wanted), token_text(model, token), f"[0, {i}]"
            )
    return None if len(ids) == len(expected) else Mismatch("early", len(expected), len(ids))


def _searched_expected(
    exercise: Exercise, case: Case, arguments: Mapping[str, Any]
) -> tuple[Any, float]:
    settings = (arguments[name] for name in ("max_length", "num_beams", "length_penalty"))
    found = modern.searched(arguments["model"], arguments["input_ids"][0].tolist(), *settings)
    return None, found[1]


@checker("searched", expect=_searched_expected, margin=1e-3, tables_only=True)
def searched(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """The tokens of the best beam by its score, which divides by a power of the length."""
    model = call.arguments["model"]
    ids = continuation(call)
    if isinstance(ids, Mismatch) and ids.kind not in ENDED_EARLY:
        return ids
    expected = modern.search_text(**call.arguments)
    if isinstance(ids, Mismatch):
        return Mismatch("early", len(expected), ids.actual)
    for i, (wanted, token) in enumerate(zip(expected, ids, strict=False)):
        if wanted != token:
            best, got = token_text(model, wanted), token_text(model, token)
            return Mismatch("beam", best, got, f"[0, {i}]")
    return None if len(ids) == len(expected) else Mismatch("early", len(expected), len(ids))


# --- texts as text ------------------------------------------------------------------------------


def _text_expected(
    exercise: Exercise, case: Case, arguments: Mapping[str, Any]
) -> tuple[Any, float]:
    if _decided_elsewhere(arguments["model"]):
        return None, math.inf
    return oracle.generate_text(**arguments)


@checker("generated", expect=_text_expected, stored=True, margin=1e-3)
def generated(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """The settings that `generate` resolved, or a text that leaves nothing to chance."""
    arguments = call.arguments
    if isinstance(arguments["model"], SpyModel):
        return compare.settings(_requested_settings(exercise, arguments), call.reply.reports)
    actual = call.reply.value
    actual = _without_eos(call, actual) if isinstance(actual, str) else actual
    expected = case.expected
    if expected is None:
        expected = oracle.generate_text(**arguments)[0]
    return compare.same_text(expected, actual)


def _requested_settings(exercise: Exercise, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a call asks for, as a spy reports them: neutral values are None."""
    wanted = {k: v for k, v in arguments.items() if k in exercise.keywords}
    for key in ("repetition_penalty", "temperature", "top_p"):
        wanted[key] = None if wanted.get(key) == 1.0 else wanted.get(key)
    if not wanted["do_sample"]:
        wanted = {k: wanted[k] for k in ("max_length", "do_sample", "repetition_penalty")}
    return wanted


def _without_eos(call: Call, text: str) -> str:
    """The text without the end token, which a solution may show or not."""
    end = call.arguments["model"].config.eos_token_id
    return text.replace(call.arguments["tokenizer"].decode([end]), "")


def _exploration_expected(
    exercise: Exercise, case: Case, arguments: Mapping[str, Any]
) -> tuple[Any, float]:
    """The texts of all settings that decide them, None for the others; the smallest gap."""
    tokenizer, model = arguments["tokenizer"], arguments["model"]
    decided = [
        oracle.decided_text(tokenizer, model, arguments["prompt_text"], setting)
        for setting in arguments["settings"]
    ]
    gap = min((found[1] for found in decided if found), default=math.inf)
    return [found and found[0] for found in decided], gap


ENTRY = ("text", "repetition_rate", "mean_log_prob")


@checker("exploration", expect=_exploration_expected, stored=True, margin=1e-3)
def exploration(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """An entry for each setting: its text, and numbers that are those of that text."""
    settings, entries = call.arguments["settings"], call.reply.value
    if not isinstance(entries, list):
        return Mismatch("type", "list", compare.type_name(entries))
    if len(entries) != len(settings):
        return Mismatch("length", len(settings), len(entries))
    texts = case.expected or _exploration_expected(exercise, case, call.arguments)[0]
    if len({text for text in texts if text is not None}) > 1 and _same_texts(entries):
        # one dict appended in every round holds the last text
        last = entries[0]["text"] == texts[-1]
        return Mismatch("same_entries" if last else "same_texts", actual=len(entries))
    for i, (setting, entry, expected) in enumerate(zip(settings, entries, texts, strict=True)):
        if wrong := _entry(exercise, call, setting, entry, expected):
            return replace(wrong, place=f"[{i}]{wrong.place}")
    return None


def _same_texts(entries: list[Any]) -> bool:
    texts = [entry.get("text") if isinstance(entry, dict) else None for entry in entries]
    return isinstance(texts[0], str) and all(text == texts[0] for text in texts)


def _entry(
    exercise: Exercise, call: Call, setting: Mapping[str, Any], entry: object, expected: str | None
) -> Mismatch | None:
    if not isinstance(entry, dict):
        return Mismatch("type", "dict", compare.type_name(entry))
    for key in ENTRY:
        if key not in entry:
            return Mismatch("key", key, ", ".join(entry))
    if wrong := _entry_text(call, setting, entry["text"], expected):
        return replace(wrong, place="['text']")
    arguments = call.arguments
    measures = oracle.measures_of(
        arguments["tokenizer"], arguments["model"], arguments["prompt_text"], entry["text"]
    )
    for key, number in measures.items():
        if wrong := compare.number(number, entry[key], exercise.tolerance):
            if key == "repetition_rate" and wrong.actual == 0:
                wrong = replace(wrong, kind="uncounted")
            return replace(wrong, place=f"['{key}']")
    return None


def _ends_with(expected: str, written: str) -> bool:
    """Return True if a text is the expected one without its beginning, the prompt."""
    return bool(written.strip()) and expected.rstrip().endswith(written.strip())


def _entry_text(
    call: Call, setting: Mapping[str, Any], written: object, expected: str | None
) -> Mismatch | None:
    prompt = call.arguments["prompt_text"]
    if not isinstance(written, str):
        return Mismatch("type", "str", compare.type_name(written))
    own, begin = _without_eos(call, written), _without_eos(call, prompt)
    if not own.startswith(begin) and (expected is None or _ends_with(expected, own)):
        return Mismatch("no_prompt", prompt, written[: len(prompt)])
    wrong = compare.same_text(expected, own) if expected is not None else None
    if wrong is not None:
        return wrong
    tokens = len(oracle.encode_prompt(call.arguments["tokenizer"], written))
    if tokens > (window(call.arguments["model"]) or tokens):
        return Mismatch("too_long", setting["max_length"], tokens)
    return None
