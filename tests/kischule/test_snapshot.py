"""One prompt with one setting: its table, its text, and code that gives this text."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kischule
from kischule import colours, measures
from kischule.decoding import Setting
from kischule.errors import PromptError
from kischule.i18n import LANGUAGE_VARIABLE
from kischule.laboratory import snapshot
from kischule.laboratory.snapshot import take_snapshots
from kischule.tokens import texts_of

FULL = Setting(1.2, True, 0.8, 20, 0.8)


@pytest.fixture(scope="module")
def mini() -> tuple[Any, Any]:
    return kischule.load("mini", "cpu")


def test_text_and_probabilities_are_those_of_generate(
    mini: tuple[Any, Any],
) -> None:
    tokenizer, model = mini
    (shot,) = take_snapshots(*mini, "The old king", [FULL], seed=5, max_new_tokens=20)
    settings = {"max_length": 23, "do_sample": True, "repetition_penalty": 1.2}
    settings |= {"temperature": 0.8, "top_k": 20, "top_p": 0.8}
    assert [shot.text] == kischule.generate_texts(
        tokenizer, model, "The old king", [settings], seed=5
    )
    expected = measures.token_log_probs(model, torch.tensor([shot.ids])).exp()[-20:]
    assert shot.probs == pytest.approx(expected.tolist())
    assert shot.prompt_length == 3


def test_several_settings_share_a_pass_and_a_seed(mini: tuple[Any, Any]) -> None:
    together = take_snapshots(*mini, "The old king", [FULL, Setting(), FULL], seed=2)
    (alone,) = take_snapshots(*mini, "The old king", [FULL], seed=2)
    assert together[0].text == together[2].text == alone.text != together[1].text


@pytest.mark.parametrize("setting", [FULL, Setting(), Setting(do_sample=True)])
def test_the_code_gives_the_very_text(mini: tuple[Any, Any], setting: Setting) -> None:
    tokenizer, model = mini
    prompt = 'The "old"\nking\'s 😀'
    (shot,) = take_snapshots(tokenizer, model, prompt, [setting], seed=3, max_new_tokens=15)
    names = {"torch": torch, "kischule": kischule, "model": model, "tokenizer": tokenizer}
    printed: list[str] = []
    exec(shot.code, {**names, "print": printed.append})
    assert printed == [shot.text]
    assert "model.generate(input_ids, max_length=" in shot.code


def test_the_table_says_which_step_dropped_a_token(mini: tuple[Any, Any]) -> None:
    (shot,) = take_snapshots(*mini, "The old king", [Setting(None, True, 0.8, 3, None)])
    lines = repr(shot).splitlines()
    assert lines[0].split() == ["Modell", "repetition_p", "temperature", "top_k", "top_p"]
    kept, dropped = lines[3], lines[4]
    assert "–" not in kept
    assert dropped.count("–") == 2  # after top_k, and so after top_p
    assert lines[-1].endswith(shot.text.splitlines()[-1])
    page = shot._repr_html_()
    assert page.count("<tr") == 1 + snapshot.MAX_ROWS
    assert page.count("repeating-linear-gradient") == 2 * (snapshot.MAX_ROWS - 3)
    assert f"3 von {shot.following.vocab_size} Tokens bleiben, abgeschnitten sind " in page
    assert page.count("◀") == 1


def test_the_page_says_that_cuts_need_do_sample(
    mini: tuple[Any, Any],
) -> None:
    (shot,) = take_snapshots(*mini, "The old king", [Setting(None, False, 0.5, 3, 0.5)])
    assert "–" not in repr(shot)
    assert shot._repr_html_().count("nur mit do_sample") == 3
    assert shot.table(ends=True).count('scope="col"') == 1 + 2
    assert "am Ende" in shot.table(ends=True)


def test_what_students_and_models_write_is_escaped(mini: tuple[Any, Any]) -> None:
    (shot,) = take_snapshots(*mini, "<script>alert(1)</script> a", [Setting()])
    assert "<script" not in shot._repr_html_()
    assert "&lt;script&gt;" in shot._repr_html_()


def test_a_character_of_several_tokens_belongs_to_the_last(
    mini: tuple[Any, Any],
) -> None:
    tokenizer, _ = mini
    ids = tokenizer("a 😀 b").input_ids
    parts = texts_of(tokenizer, ids)
    assert len(parts) == len(ids) > 4
    assert "".join(parts) == "a 😀 b"
    assert "\ufffd" not in "".join(parts)
    half = texts_of(tokenizer, tokenizer("a 😀").input_ids[:-1])
    assert half[0] == "a"
    assert half[-1].endswith("\ufffd")


def test_a_text_ends_with_the_window_and_with_the_end_token(mini: tuple[Any, Any]) -> None:
    (full,) = take_snapshots(*mini, " a" * 250, [Setting()])
    assert len(full.ids) <= 256
    ends = take_snapshots(*mini, "The", [Setting(None, True, 3.0)] * 1, seed=1, max_new_tokens=200)
    eos = mini[1].config.eos_token_id
    assert eos not in ends[0].ids[:-1]


@pytest.mark.parametrize(("prompt", "said"), [("", "leer"), (" a" * 256, "hat 256 Tokens")])
def test_a_prompt_that_cannot_be_continued_is_refused(
    mini: tuple[Any, Any], prompt: str, said: str
) -> None:
    with pytest.raises(PromptError, match=said):
        take_snapshots(*mini, prompt, [Setting()])


def test_likely_is_light_and_unlikely_dark() -> None:
    brightness = [sum(colours.shade(p)) for p in (1.0, 0.5, 0.1, 0.01, 0.001, 0.0)]
    assert brightness == sorted(brightness, reverse=True)
    assert colours.shade(1.0) == colours.rgb(colours.LIKELY)
    assert colours.shade(0.0) == colours.rgb(colours.UNLIKELY)


def test_it_speaks_the_notebooks_language(
    mini: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LANGUAGE_VARIABLE, "en")
    (shot,) = take_snapshots(*mini, "The old king", [FULL])
    assert "The next token" in shot._repr_html_()
    assert "# exactly the text shown in the laboratory" in shot.code
