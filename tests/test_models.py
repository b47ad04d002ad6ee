"""Loading by name: the embedded model, errors in one sentence, its card and recipe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT

import kischule
from kischule import measures, models
from kischule.mini import train

PROMPTS = ["Once upon a time", "The old king", "What is artificial Intelligence? It "]
PROMPTS += ["<|endoftext|>", "The princess wept because", "Far away by the sea"]


@pytest.fixture(scope="module")
def mini() -> tuple[Any, Any]:
    return kischule.load("mini", device="cpu")


def test_the_embedded_model_is_a_small_gpt2(mini: tuple[Any, Any]) -> None:
    tokenizer, model = mini
    assert type(model).__name__ == "GPT2LMHeadModel"
    assert not model.training
    assert model.dtype == torch.float32
    assert 2_500_000 <= model.num_parameters() <= 4_000_000
    assert model.num_parameters() == models.FAMILY["mini"].parameters
    assert (model.config.n_positions, model.config.vocab_size) == (256, 4096)
    assert len(tokenizer) == 4096
    end = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    assert model.config.eos_token_id == model.config.bos_token_id == end
    weights = kischule.model_path("mini") / "model.safetensors"
    assert weights.stat().st_size <= 12_000_000


def test_any_text_can_be_encoded_and_a_trailing_space_is_a_token(mini: tuple[Any, Any]) -> None:
    tokenizer, _ = mini
    for text in ("Zwölf Boxkämpfer", "日本語 🙂", " two  spaces", "a\n\tb"):
        assert tokenizer.decode(tokenizer(text).input_ids) == text
    assert tokenizer("It ").input_ids[:-1] == tokenizer("It").input_ids


def test_its_card_states_what_was_measured() -> None:
    facts = json.loads((ROOT / "kischule" / "mini" / "training.json").read_text())
    card = (ROOT / "kischule" / "mini" / "README.md").read_text(encoding="utf-8")
    assert facts["held_out_loss"] <= 3.6
    assert f"{facts['held_out_loss']:.3f}" in card
    assert f"{facts['parameters']:,}" in card


def test_greedy_repeats_itself_and_the_notebooks_sampling_does_not(mini: tuple[Any, Any]) -> None:
    tokenizer, model = mini

    def repeated(tokens: torch.Tensor) -> float:
        return measures.repetition_rate(tokens[0].tolist(), 4)

    greedy, sampled = [], []
    for prompt in PROMPTS:
        ids = tokenizer(prompt, return_tensors="pt").input_ids
        greedy.append(repeated(kischule.generate(model, ids, seed=0)))
        settings = {"repetition_penalty": 3, "do_sample": True, "temperature": 0.7, "top_p": 0.5}
        sampled.append(repeated(kischule.generate(model, ids, seed=1, **settings)))
    assert min(greedy) > 0.1
    assert sum(greedy) / len(greedy) > 0.3
    assert max(sampled) < 0.02


def test_a_name_that_does_not_exist_gives_one_sentence() -> None:
    with pytest.raises(kischule.ModelUnavailableError) as caught:
        kischule.load("gpt-5")
    message = str(caught.value)
    assert "there is no model 'gpt-5'" in message
    assert "mini, gpt2, gpt2-medium, gpt2-large, gpt2-xl" in message
    assert "\n" not in message
    with pytest.raises(ValueError, match="only embedded model is 'mini', was: 'gpt2'"):
        kischule.model_path("gpt2")


def test_a_hub_that_cannot_be_reached_gives_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(kischule.ModelUnavailableError, match="'gpt2' is neither in the cache") as e:
        kischule.load("gpt2", device="cpu")
    assert "load('mini'), which needs no network" in str(e.value)
    assert "\n" not in str(e.value)


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"device must be one that torch has here, was: 'abacus'"):
        kischule.load("mini", device="abacus")


def test_a_folder_loads_like_a_name(tmp_path: Path, mini: tuple[Any, Any]) -> None:
    tokenizer, model = kischule.load(str(kischule.model_path("mini")), device="cpu")
    ids = torch.tensor([[5, 6]])
    assert torch.equal(model(ids).logits, mini[1](ids).logits)
    assert len(tokenizer) == 4096


def test_the_recipe_trains_saves_and_loads(tmp_path: Path) -> None:
    story = "Once there was a hen who counted her eggs every morning. "
    corpus = tmp_path / "stories.txt"
    corpus.write_text(f"\n{train.END}\n".join(story * (40 + i) for i in range(41)))
    stories = train.read_stories(corpus)
    trained, held = train.split_stories(stories)
    assert (len(trained), len(held)) == (40, 1)
    tokenizer = train.train_tokenizer(trained)
    stream, starts = train.token_stream(tokenizer, trained)
    end = tokenizer.convert_tokens_to_ids(train.END)
    assert (stream[starts] == end).all()
    assert stream[-1] == end
    batch = train.windows(stream, starts, torch.Generator().manual_seed(0))
    assert batch.shape == (16, 256)
    assert batch[-1, 0] == end


def test_a_gutenberg_book_is_cut_into_stories() -> None:
    tale = "A hen sat “there”—and\nlaid an egg. " * 20
    raw = (
        "Licence\n*** START OF THE PROJECT GUTENBERG EBOOK HENS ***\r\n\r\nHENS\r\n\r\n"
        f"THE FIRST HEN\n\n{tale}\n\n[Illustration: a hen]\n\n"
        f"THE SECOND HEN\n\n{tale}\n\n{tale}\n\n"
        "*** END OF THE PROJECT GUTENBERG EBOOK HENS ***\nLicence"
    )
    stories = train.clean_book(raw)
    assert len(stories) == 2
    assert stories[0].startswith('A hen sat "there"--and laid an egg.')
    assert [s.count("\n") for s in stories] == [0, 1]
    assert "Licence" not in "".join(stories)


def test_a_model_that_is_kept_is_what_the_next_load_gets() -> None:
    kischule.models.keep("mini", "cpu")
    kept = kischule.models._kept["mini", "cpu"]
    first, second = kischule.load("mini", "cpu"), kischule.load("mini", "cpu")
    assert first[0] is kept[0]
    assert first[1] is kept[1]
    assert second[1] is not first[1]
