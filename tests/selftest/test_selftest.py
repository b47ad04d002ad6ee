"""Published outputs: the facts on GPT-2's own vocabulary, and the comparisons tried on mini."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import strategies as st
from support.fuzz import EFFORTS, VALUES, fuzz, spoilt_bytes
from support.notebooks import ROOT, places

import kischule
from autograder.cli import main
from autograder.exercises import oracle
from autograder.selftest.comparisons import COMPARISONS, Subject, _steps, ruled
from autograder.selftest.facts import (
    PUBLISHED_FOLDER,
    Fact,
    PublishedError,
    load_published,
    parse_published,
)
from autograder.selftest.selftest import compare
from kischule.catalog import FAMILY

VOCABULARY = ROOT.parent / "shared" / "gpt2_tokenizer"
COLLECTED = ROOT.parent / "shared" / "goldens" / "gpt2_public_outputs.yaml"
REAL = ("gpt2", "distilgpt2", "gpt2-medium", "gpt2-xl")
FACTS = [fact for name in REAL for fact in load_published(name).facts]


@pytest.fixture(scope="module")
def mini() -> Subject:
    return Subject(*kischule.load("mini", "cpu"), kischule.model_path("mini"))


@pytest.fixture(scope="module")
def vocabulary() -> Subject:
    """GPT-2's tokenizer, and no model."""
    if not (VOCABULARY / "vocab.json").is_file():
        pytest.skip("GPT-2's vocabulary is not beside this checkout")
    from transformers import GPT2TokenizerFast

    tokenizer = GPT2TokenizerFast(
        vocab=str(VOCABULARY / "vocab.json"), merges=str(VOCABULARY / "merges.txt")
    )
    assert len(tokenizer) == 50_257
    return Subject(tokenizer, None)


# --- the facts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fact", [f for f in FACTS if f.kind == "tokens"], ids=lambda fact: str(fact.id)
)
def test_texts_have_these_ids_in_gpt2s_vocabulary(fact: Fact, vocabulary: Subject) -> None:
    result = compare(fact, vocabulary)
    assert result.passed, result.got
    assert vocabulary.decode(fact.expected["ids"]) == fact.inputs["text"]


def test_the_ids_of_every_published_text_are_its_encoding(vocabulary: Subject) -> None:
    texts = [fact for fact in FACTS if fact.kind in ("greedy", "beam")]
    assert len(texts) == 40
    for fact in texts:
        prompt = vocabulary.encode(fact.inputs["prompt"])
        whole = fact.inputs["prompt"] + fact.expected["text"]
        assert vocabulary.encode(whole) == prompt + fact.expected["ids"], fact.id
    for fact in FACTS:
        if fact.kind in ("log_probs", "score"):
            (text,) = [t for t in texts if t.id.split("/")[0] == fact.id.split("/")[0]]
            assert fact.inputs["ids"] == text.expected["ids"]
        for token in fact.expected.get("probs", {}):
            assert len(vocabulary.encode(token)) == 1


def test_every_collected_output_is_used_or_left_out_for_a_reason() -> None:
    """Of 56: 44 outputs compared, 12 left out; the tokens of 55 prompts or texts."""
    if not COLLECTED.is_file():
        pytest.skip("the collection is not beside this checkout")
    collected = yaml.safe_load(COLLECTED.read_text(encoding="utf-8"))["goldens_deterministic"]
    kinds: dict[str, set[str]] = {}
    for fact in FACTS:
        kinds.setdefault(fact.id.split("/")[0], set()).add(fact.kind)
    left_out = {left.id: left.reason for name in REAL for left in load_published(name).left_out}
    only_tokens = {"arena_bieber"}  # nothing else was published of it
    for golden in collected:
        name = golden["id"]
        used = kinds.get(name, set()) != {"tokens"} or name in only_tokens
        assert used != (name in left_out) or name not in kinds, name
        assert name in kinds or name in left_out, name
        assert len(left_out.get(name, "a reason")) > 5
    ids = {golden["id"] for golden in collected}
    assert len(ids) == 56
    assert set(left_out) < ids
    assert len(left_out) == 12
    assert set(kinds) - ids == {"notebook_prompt", "endoftext"}
    assert ids - set(kinds) == {"hf_issue_2813"}  # its start is not a text
    assert Counter(fact.kind for fact in FACTS) == {
        "tokens": 60,
        "greedy": 34,
        "beam": 6,
        "next_token": 9,
        "score": 4,
        "log_probs": 2,
        "logit": 2,
    }


def test_facts_expect_the_published_outputs() -> None:
    """Numbers and texts are the collection's, but where a fact's note says what was done to it."""
    if not COLLECTED.is_file():
        pytest.skip("the collection is not beside this checkout")
    data = yaml.safe_load(COLLECTED.read_text(encoding="utf-8"))
    goldens = {golden["id"]: golden for golden in data["goldens_deterministic"]}
    compared = 0
    for fact in FACTS:
        golden = goldens.get(fact.id.split("/")[0], {})
        if fact.kind in ("greedy", "beam") and "expected_text" in golden:
            text = golden["expected_text"]
            prompt = fact.inputs["prompt"] if golden["expected_text_includes_prompt"] else ""
            if fact.id.startswith(("medium_beam5", "xl_unicorn")):  # wrapped lines
                text, own = " ".join(text.split()), " ".join(fact.expected["text"].split())
                assert text == f"{prompt}{own}" if not prompt else text.endswith(own)
            else:
                assert text.startswith(prompt + fact.expected["text"]), fact.id
                whole = text == prompt + fact.expected["text"]
                assert whole or fact.note.startswith(("to the", "39 of", "without the newlines"))
            compared += 1
        if fact.id.endswith("/log_probs"):
            stated = golden.get("first_token_logprobs") or [
                t["logprob"] for t in golden["per_token"]
            ]
            assert fact.expected["log_probs"] == stated
        if fact.id == "arena_john_mary/next_token":
            assert fact.expected["probs"] == golden["top5"]
        if fact.kind == "logit":
            assert fact.expected["logit"] == golden["argmax_logit"]
        if fact.kind == "score":
            key = "sequence_logprob_greedy" if "xl" in fact.id else "score"
            assert fact.expected["score"] == golden[key]
    assert compared == 39  # and the one beam step


# --- the comparisons, on mini in gpt2's place ---------------------------------------------------

PROMPT = "The old king"


def fact(kind: str, inputs: dict[str, Any], expected: dict[str, Any], tolerance: float) -> Fact:
    return Fact("x/1", "mini", kind, inputs, expected, "transformers, here", tolerance)


@pytest.fixture(scope="module")
def by_hand(mini: Subject) -> dict[str, Fact]:
    """A fact of each kind that holds; from transformers' own decoding and torch's log_softmax."""
    ids = mini.tokenizer(PROMPT, return_tensors="pt").input_ids
    start, options = ids.shape[1], {"attention_mask": torch.ones_like(ids), "do_sample": False}
    greedy = mini.model.generate(ids, max_length=16, **options)[0]
    beam = mini.model.generate(ids, max_length=16, num_beams=3, early_stopping=True, **options)[0]
    assert not torch.equal(greedy, beam)
    with torch.no_grad():
        logits = mini.model(greedy[None]).logits[0]
    steps = logits.log_softmax(-1)[:-1].gather(-1, greedy[1:, None])[start - 1 :, 0].tolist()
    top = logits[start - 1].softmax(-1).topk(3)
    best = logits[start - 1].argmax()

    def text(tokens: torch.Tensor) -> dict[str, Any]:
        return {"text": mini.decode(tokens)[len(PROMPT) :], "ids": tokens[start:].tolist()}

    given = {"prompt": PROMPT, "ids": greedy[start:].tolist()}
    return {
        "tokens": fact("tokens", {"text": PROMPT}, {"ids": ids[0].tolist()}, 0),
        "greedy": fact("greedy", {"prompt": PROMPT}, text(greedy), 2e-3),
        "beam": fact(
            "beam",
            {"prompt": PROMPT, "num_beams": 3, "early_stopping": True},
            text(beam),
            2e-3,
        ),
        "log_probs": fact("log_probs", given, {"log_probs": steps[:3]}, 1e-3),
        "score": fact(
            "score", given | {"skipped": 1, "divided_by": 16}, {"score": sum(steps[1:]) / 16}, 1e-3
        ),
        "next_token": fact(
            "next_token",
            {"prompt": PROMPT},
            {
                "probs": {
                    mini.decode([i]): p
                    for p, i in zip(top.values.tolist(), top.indices.tolist(), strict=True)
                }
            },
            1e-4,
        ),
        "logit": fact(
            "logit",
            {"prompt": PROMPT},
            {"token": mini.decode([int(best)]), "logit": float(logits[start - 1, best])},
            1e-3,
        ),
        "seeded": next(f for f in load_published("mini").facts if f.id == "seeded_4"),
        "weights": next(f for f in load_published("mini").facts if f.kind == "weights"),
    }


@pytest.mark.parametrize("kind", sorted(COMPARISONS))
def test_a_fact_that_holds_passes(kind: str, mini: Subject, by_hand: dict[str, Fact]) -> None:
    result = compare(by_hand[kind], mini)
    assert result.passed is True, result.got
    assert "\n" not in result.expected + result.got


def wrong(kind: str, expected: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Wrong claims of a fact of this kind, each with a part of its refusal."""
    other = (
        expected | {"ids": [*expected["ids"][:4], 7, *expected["ids"][5:]]}
        if ("ids" in expected)
        else {}
    )
    if kind == "tokens":
        yield {"ids": [*expected["ids"][:-1], 7]}, "expected 7"
        yield {"ids": expected["ids"][:-1]}, "3 ids, expected 2"
    elif kind in ("greedy", "beam"):
        yield other, "the ids read"
        yield expected | {"text": expected["text"][:-3]}, "the ids read"
    elif kind == "log_probs":
        a, b, c = expected["log_probs"]
        yield {"log_probs": [a, b + 0.1, c]}, f"{b:.4f}"
        yield {"log_probs": [math.nan, b, c]}, f"{a:.4f}"
    elif kind == "score":
        yield {"score": expected["score"] + 0.1}, f"{expected['score']:.4f}"
    elif kind == "next_token":
        first, second, third = expected["probs"].items()
        yield {"probs": dict([first, second, (third[0], third[1] + 0.01)])}, f"{third[1]:.4f}"
        yield {"probs": dict([first, third])}, f"{second[0]!r} has"
        yield {"probs": dict([first, (" king queen", 0.1)])}, "tokens"
    elif kind == "logit":
        yield expected | {"logit": expected["logit"] + 0.1}, f"{expected['logit']:.4f}"
        yield expected | {"token": " zebra"}, repr(expected["token"])
    elif kind == "seeded":
        yield {"text": expected["text"][:-4]}, repr(expected["text"])
    else:
        yield {"sha256": "0" * 64}, expected["sha256"]


@pytest.mark.parametrize("kind", sorted(COMPARISONS))
def test_a_wrong_fact_fails_and_names_the_actual_output(
    kind: str, mini: Subject, by_hand: dict[str, Fact]
) -> None:
    tried = 0
    for expected, part in wrong(kind, dict(by_hand[kind].expected)):
        result = compare(replace(by_hand[kind], expected=expected), mini)
        assert result.passed is False, expected
        assert part in result.got
        assert "\n" not in result.expected + result.got
        tried += 1
    assert tried


@pytest.mark.parametrize("kind", ["greedy", "beam"])
def test_a_text_with_a_token_that_is_not_the_likeliest_fails(
    kind: str, mini: Subject, by_hand: dict[str, Fact]
) -> None:
    """Text and ids agree here: only the model can say that this token is wrong."""
    right = by_hand[kind]
    ids = list(right.expected["ids"])
    ids[4] = mini.encode(" queen")[0] if ids[4] != mini.encode(" queen")[0] else 500
    text = mini.decode([*mini.encode(PROMPT), *ids])[len(PROMPT) :]
    result = compare(replace(right, expected={"text": text, "ids": ids}), mini)
    assert result.passed is False
    assert ("token 5: " in result.got) if kind == "greedy" else ("at position 4" in result.got)


def test_a_near_tie_passes_within_the_tolerance_only(
    mini: Subject, by_hand: dict[str, Fact]
) -> None:
    """The second likeliest as the last token: right where the tolerance is as wide as the gap."""
    right = by_hand["greedy"]
    ids = list(right.expected["ids"])
    prompt = mini.encode(PROMPT)
    logits = oracle.logits_of(mini.model, [*prompt, *ids[:-1]])[-1]
    first, second = sorted(range(len(logits)), key=lambda i: -logits[i])[:2]
    gap = float(logits[first] - logits[second])
    ids[-1] = second
    text = mini.decode([*prompt, *ids])[len(PROMPT) :]
    near = replace(right, expected={"text": text, "ids": ids})
    assert compare(replace(near, tolerance=gap * 1.01), mini).passed is True
    assert compare(replace(near, tolerance=gap * 0.99), mini).passed is False


def test_without_rules_the_regret_is_the_oracles(mini: Subject) -> None:
    ids = [*mini.encode(PROMPT), 500, 7, 300]
    start = len(ids) - 3
    regret, best = oracle.greedy_regret(mini.model, ids, start)
    steps = list(_steps(mini, ids[:start], ids[start:], {}))
    assert [float(z.max() - z[t]) for z, t in zip(steps, ids[start:], strict=True)] == list(regret)
    assert [int(z.argmax()) for z in steps] == best


@pytest.mark.parametrize(
    "rules",
    [
        {"repetition_penalty": 1.3},
        {"no_repeat_ngram_size": 2},
        {"no_repeat_ngram_size": 3, "repetition_penalty": 1.1},
        {"bad_words_ids": "single"},
        {"bad_words_ids": "double"},
        {"suppress_tokens": "single"},
        {"min_length": 30},
    ],
    ids=str,
)
def test_greedy_under_the_rules_gives_transformers_text(
    mini: Subject, rules: dict[str, Any]
) -> None:
    prompt = mini.tokenizer("The princess wept because", return_tensors="pt").input_ids
    options = {"attention_mask": torch.ones_like(prompt), "do_sample": False, "max_length": 40}
    plain = mini.model.generate(prompt, **options)[0].tolist()
    start = prompt.shape[1]
    words = {"single": [[plain[start + 1]]], "double": [plain[start + 2 : start + 4]]}
    rules = {
        name: words[value]
        if name == "bad_words_ids"
        else words[value][0]
        if value in words
        else value
        for name, value in rules.items()
    }
    theirs = mini.model.generate(prompt, **options, **rules)[0].tolist()
    assert (theirs != plain) == ("min_length" not in rules)  # no text of mini ends this early
    new = theirs[start:]
    text = mini.decode(theirs)[len("The princess wept because") :]
    claim = {"text": text, "ids": new}
    asked = {"prompt": "The princess wept because"}
    right = compare(fact("greedy", asked | {"rules": rules}, claim, 1e-4), mini)
    assert right.passed is True, right.got
    if theirs != plain:  # and without the rules it is not the likeliest
        assert compare(fact("greedy", asked, claim, 1e-4), mini).passed is False


def test_the_rules_by_hand() -> None:
    import numpy as np

    logits = np.array([2.0, 1.0, -1.0, 0.5])
    off = -np.inf

    def after(ids: list[int], **rules: Any) -> list[float]:
        return ruled(logits, ids, rules, eos=3).tolist()

    assert after([0, 2, 0]) == [2.0, 1.0, -1.0, 0.5]
    assert after([0, 2, 0], repetition_penalty=2.0) == [1.0, 1.0, -2.0, 0.5]
    assert after([0, 2, 2], repetition_penalty=2.0, prompt_ignore_length=1) == [2, 1, -2, 0.5]
    assert after([0, 2, 0], no_repeat_ngram_size=2) == [2.0, 1.0, off, 0.5]
    assert after([0, 2, 0], no_repeat_ngram_size=1) == [off, 1.0, off, 0.5]
    assert after([0, 2, 0], no_repeat_ngram_size=3) == [2.0, 1.0, -1.0, 0.5]
    assert after([0, 2], bad_words_ids=[[1], [2, 0], [0, 3]]) == [off, off, -1.0, 0.5]
    assert after([0, 2], suppress_tokens=[0]) == [off, 1.0, -1.0, 0.5]
    assert after([0, 2], min_length=3) == [2.0, 1.0, -1.0, off]
    assert after([0, 2], min_length=2) == [2.0, 1.0, -1.0, 0.5]
    assert logits.tolist() == [2.0, 1.0, -1.0, 0.5]


# --- the files ----------------------------------------------------------------------------------


def _file(**changes: Any) -> str:
    given = {
        "id": "a/tokens",
        "model": "x",
        "kind": "tokens",
        "inputs": {"text": "a"},
        "expected": {"ids": [1]},
        "source": "somebody, somewhere",
        "tolerance": 0,
    }
    facts = [{k: v for k, v in (given | changes).items() if v is not ...}]
    return json.dumps({"model": "x", "facts": facts, "left_out": []})


def test_a_file_of_facts_is_read() -> None:
    (only,) = parse_published(_file(note="n"), "x.json").facts
    assert (only.id, only.tolerance, only.note) == ("a/tokens", 0, "n")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tolerence": 1}, "unknown key 'tolerence'"),
        ({"source": ...}, "the key 'source' is missing"),
        ({"source": " "}, "the source is missing"),
        ({"kind": "guess"}, "kind must be one of tokens, .*, was: 'guess'"),
        ({"tolerance": "0"}, "'tolerance' has the wrong type, was: '0'"),
        ({"tolerance": True}, "'tolerance' has the wrong type, was: True"),
        ({"inputs": {"texts": "a"}}, "inputs: unknown key 'texts' .did you mean 'text'"),
        ({"inputs": {}}, "inputs: the key 'text' is missing"),
        ({"expected": {"ids": [1], "text": "a"}}, "expected: unknown key 'text'"),
        ({"model": "y"}, "is of another model, was: 'y'"),
        (
            {
                "kind": "greedy",
                "inputs": {"prompt": "a", "rules": {"top_k": 1}},
                "expected": {"text": "b", "ids": [1]},
            },
            "rules: unknown key 'top_k'",
        ),
        (
            {
                "kind": "seeded",
                "inputs": {"prompt": "a", "seed": 1, "settings": {"topk": 1}},
                "expected": {"text": "b"},
            },
            "settings: unknown key 'topk'",
        ),
    ],
)
def test_a_file_with_a_mistake_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(PublishedError, match=message):
        parse_published(_file(**changes), "x.json")


def test_a_text_that_is_no_file_of_facts_is_refused() -> None:
    for text, message in (
        ("{", "not JSON"),
        ("[]", "must be a mapping"),
        ('{"model": "x", "facts": []}', "'left_out' is missing"),
        (_file().replace('"left_out": []', '"left_out": [{"id": "a"}]'), "'reason' is missing"),
        (
            _file().replace('"left_out": []', '"left_out": [{"id": "a/tokens", "reason": "r"}]'),
            "the id 'a/tokens' is there twice",
        ),
        (_file().replace("{", '{"more": 1, ', 1), "unknown key 'more'"),
    ):
        with pytest.raises(PublishedError, match=message):
            parse_published(text, "x.json")


# --- the command --------------------------------------------------------------------------------


def test_selftest_mini_checks_an_installation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "mini"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["what", "source", "expected", "got"]
    assert out[-1] == "13 of 13 hold, 0 left out"
    assert [line[0] for line in out[2:-1] if line[0] != " "] == ["✓"] * 13  # some lines go on


def test_selftest_of_another_model_names_the_facts_that_fail(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """mini under gpt2's name: every fact is compared, and none of GPT-2's texts is mini's."""
    published = load_published("gpt2")
    few = [f for f in published.facts if f.id.startswith(("hf_the_dog", "endoftext", "arena_john"))]
    fewer = replace(published, facts=tuple(few))
    monkeypatch.setattr("autograder.selftest.selftest.load_published", lambda _: fewer)
    assert main(["selftest", "gpt2", "--folder", str(kischule.model_path("mini"))]) == 1
    out = capsys.readouterr().out
    assert "\n✗  hf_the_dog/greedy" in out
    assert "\n–  hf_issue_2813" in out
    assert "\n✗ hf_the_dog/tokens: expected ids [464, 3290" in out
    assert out.endswith("0 of 5 hold, 10 left out\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gpt-5"], "there is no model 'gpt-5'"),
        (["gpt2"], "or use load('mini'), which needs no network"),
        (["gpt2", "--folder", "nowhere"], "there is no model 'nowhere'"),
        (["distilgpt2"], "there is no model 'distilgpt2'"),
        (["gpt2-large"], "no published outputs of 'gpt2-large' are kept; there are: distilgpt2"),
    ],
)
def test_selftest_of_an_absent_model_is_wrong_use(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert main(["selftest", *arguments]) == 2
    output = capsys.readouterr()
    assert message in output.err
    assert output.err.count("\n") == 1
    assert output.out == ""


# --- with the weights ---------------------------------------------------------------------------


def _real(name: str) -> Subject:
    """A model from the cache or the hub; the test is skipped where neither has it."""
    from huggingface_hub import try_to_load_from_cache

    folder = name
    if name not in FAMILY:
        found = try_to_load_from_cache(f"distilbert/{name}", "model.safetensors")
        if not isinstance(found, str):
            pytest.skip(f"{name} is not in the cache")
        folder = str(Path(found).parent)
    try:
        return Subject(*kischule.load(folder, "cpu"))
    except kischule.ModelUnavailableError as error:
        pytest.skip(str(error))


@pytest.mark.hub
@pytest.mark.parametrize("name", REAL)
def test_the_real_model_gives_the_published_outputs(name: str) -> None:
    subject = _real(name)
    results = [compare(fact, subject) for fact in load_published(name).facts]
    assert [f"{r.id}: {r.got}" for r in results if not r.passed] == []


@pytest.mark.parametrize("text", ["[" * 100_000, '{"model": ' + "9" * 5_000 + "}", "", '"\\ud800"'])
def test_a_malformed_file_of_facts_is_refused(text: str) -> None:
    with pytest.raises(PublishedError, match=r"^mini.json"):
        parse_published(text, "mini.json")


@EFFORTS
def test_any_file_of_facts_is_read_or_refused(effort: int) -> None:
    written = (PUBLISHED_FOLDER / "mini.json").read_bytes()
    data = json.loads(written)
    data["facts"] = list({fact["kind"]: fact for fact in data["facts"]}.values())
    count, short = len(places(data)), json.dumps(data)

    def check(content: str) -> None:
        with suppress(PublishedError):
            parse_published(content, "mini.json")

    def changed(place: int, value: Any) -> None:
        made = json.loads(short)
        node, key = places(made)[place]
        node[key] = value
        check(json.dumps(made) if value != 10**400 else "1" + "0" * 5_000)

    fuzz(
        lambda c: check(c.decode(errors="replace")),
        spoilt_bytes(short.encode()),
        examples=100 * effort,
    )
    fuzz(changed, st.integers(0, count - 1), VALUES, examples=150 * effort)
