"""Loading by name: the embedded model, errors in one sentence, its card and recipe."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.notebooks import ROOT

import kischule
from kischule import measures, models
from kischule.catalog import FAMILY
from kischule.errors import ArgumentError, ModelUnsuitableError, PromptError
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
    assert model.num_parameters() == FAMILY["mini"].parameters
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


def test_greedy_repeats_itself_and_sampling_does_not(mini: tuple[Any, Any]) -> None:
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
    monkeypatch.delenv("KISCHULE_MODELS", raising=False)
    with pytest.raises(kischule.ModelUnavailableError, match="'gpt2' is not in the cache") as e:
        kischule.load("gpt2", device="cpu")
    assert "load('mini'), which needs no network" in str(e.value)
    assert "\n" not in str(e.value)


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"device must be one that torch has here, was: 'abacus'"):
        kischule.load("mini", device="abacus")


@pytest.mark.parametrize(
    "arguments",
    [(None,), (5,), (["mini"],), (b"mini",), ("mini", None), ("mini", [])]
    + [("mini", "cpu", dtype) for dtype in (5, [], torch.float32)],
    ids=repr,
)
def test_an_argument_of_the_wrong_kind_is_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ArgumentError, match=r"(name|device|dtype) must be .*, was: "):
        kischule.load(*arguments)


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_half_precision_on_the_cpu_is_bfloat16_only(device: str) -> None:
    with pytest.raises(ValueError, match=r"'float32' or 'bfloat16' on the CPU.*, was: 'float16'"):
        kischule.load("mini", device, dtype="float16")
    with pytest.raises(ValueError, match=r"None or one of float32, float16, bfloat16, was: 'int8'"):
        kischule.load("mini", device, dtype="int8")
    _, model = kischule.load("mini", device, dtype="bfloat16")
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize(
    ("chosen", "then"), [({}, 1), ({"threads": 2}, 2), ({"threads": 1, "dtype": "bfloat16"}, 1)]
)
def test_mini_computes_with_one_thread_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chosen: dict[str, Any], then: int
) -> None:
    before = torch.get_num_threads()
    monkeypatch.setattr(models, "_torchs_threads", [])
    try:
        torch.set_num_threads(3)
        kischule.load(**chosen)
        assert torch.get_num_threads() == then
        folder = shutil.copytree(kischule.model_path(), tmp_path / "another")
        kischule.load(str(folder))  # a larger one, for all that is known
        assert torch.get_num_threads() == 3
        kischule.load()
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_threads_must_be_a_whole_number(threads: Any) -> None:
    with pytest.raises(ValueError, match="threads must be None or a whole number from 1, was: "):
        kischule.load(threads=threads)


def test_a_kept_model_is_not_returned_for_another_dtype() -> None:
    kischule.models.keep("mini", "cpu")
    try:
        assert kischule.load("mini", "cpu", dtype="bfloat16")[1].dtype == torch.bfloat16
        assert ("mini", "cpu") in kischule.models._kept
    finally:
        kischule.models._kept.clear()


# what is changed in the configuration, in the weights, and what is said
UNSUITABLE: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no eos": ({"eos_token_id": None}, {}, "must have an eos_token_id.*was: None"),
    "small window": (
        {"n_positions": 32},
        {"transformer.wpe.weight": torch.zeros(32, 192)},
        "the window must have 64 tokens or more, was: 32",
    ),
    "other tokenizer": (
        {"vocab_size": 4000},
        {"transformer.wte.weight": torch.zeros(4000, 192)},
        r"not have more tokens than the model \(4000\), was: 4096",
    ),
    "NaN": (
        {},
        {"transformer.ln_f.bias": torch.tensor([0.0] * 191 + [torch.nan])},
        "all weights must be finite, transformer.ln_f.bias has NaN",
    ),
    "infinity": (
        {},
        {"transformer.ln_f.bias": torch.tensor([torch.inf, -torch.inf] + [0.0] * 190)},
        "all weights must be finite, transformer.ln_f.bias has NaN",
    ),
    "a part lacks": (
        {},
        {"transformer.ln_f.bias": None},
        "must be complete, 1 missing: .*ln_f.bias",
    ),
}


@pytest.mark.parametrize("case", UNSUITABLE)
def test_a_model_on_which_the_exercises_would_fail_is_refused(tmp_path: Path, case: str) -> None:
    settings, tensors, words = UNSUITABLE[case]
    _changed(tmp_path, settings, tensors)
    with pytest.raises(ModelUnsuitableError, match=words) as caught:
        kischule.load(str(tmp_path), "cpu")
    assert "\n" not in str(caught.value)


def _changed(folder: Path, settings: dict[str, Any], tensors: dict[str, Any]) -> None:
    """The embedded model with other settings and weights; None: leave them out."""
    shutil.copytree(kischule.model_path(), folder, dirs_exist_ok=True)
    for name in ("config.json", "generation_config.json"):
        if name == "config.json" or "eos_token_id" in settings:
            content = json.loads((folder / name).read_text()) | settings
            (folder / name).write_text(json.dumps(content))
    weights = load_file(folder / "model.safetensors") | tensors
    kept = {k: v for k, v in weights.items() if v is not None}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})


def test_weights_that_are_cut_off_are_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "models--openai-community--gpt2" / "snapshots" / "607a30d"
    for folder, advice in (
        (tmp_path / "shared" / "gpt2", "replace this folder"),
        (cache, f"delete {cache.parents[1]} and call load again"),
    ):
        shutil.copytree(kischule.model_path(), folder)
        (folder / "model.safetensors").write_bytes(
            (kischule.model_path() / "model.safetensors").read_bytes()[:-8]
        )
        with pytest.raises(kischule.ModelUnavailableError) as caught:
            kischule.load(str(folder), "cpu")
        assert f"the model in {folder} cannot be read" in str(caught.value)
        assert str(caught.value).endswith(advice)
    monkeypatch.setenv("KISCHULE_MODELS", str(tmp_path / "shared"))
    assert models.where("gpt2") == tmp_path / "shared" / "gpt2"
    with pytest.raises(kischule.ModelUnavailableError, match="cannot be read"):
        kischule.load("gpt2", "cpu")


def test_code_and_pickles_in_a_folder_are_not_opened(tmp_path: Path) -> None:
    _changed(
        tmp_path,
        {"model_type": "own", "auto_map": {n: f"own.{n}" for n in ("AutoConfig", "AutoTokenizer")}},
        {},
    )
    (tmp_path / "own.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'ran')!r})\n")
    with pytest.raises(kischule.ModelUnavailableError, match="cannot be read"):
        kischule.load(str(tmp_path), "cpu")
    assert not (tmp_path / "ran").exists()

    other = tmp_path / "other"
    shutil.copytree(kischule.model_path(), other)
    weights = load_file(other / "model.safetensors")
    (other / "model.safetensors").unlink()
    torch.save(weights, other / "pytorch_model.bin")
    with pytest.raises(kischule.ModelUnavailableError, match=r"no file named model\.safetensors"):
        kischule.load(str(other), "cpu")


def test_the_family_is_pinned() -> None:
    for info in FAMILY.values():
        if info.repository is not None:
            assert re.fullmatch("[0-9a-f]{40}", info.revision or "")
            assert re.fullmatch("[0-9a-f]{64}", info.sha256 or "")
            assert 1 < info.download / info.memory < 1.2


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


def test_a_kept_model_is_returned_by_the_next_load() -> None:
    kischule.models.keep("mini", "cpu")
    kept = kischule.models._kept["mini", "cpu"]
    first, second = kischule.load("mini", "cpu"), kischule.load("mini", "cpu")
    assert first[0] is kept[0]
    assert first[1] is kept[1]
    assert second[1] is not first[1]


def test_a_text_beyond_the_window_is_refused_in_words() -> None:
    """By the model itself and by `generate`, however the text has grown."""
    _, model = kischule.load("mini", "cpu")
    inside = torch.zeros(1, 256, dtype=torch.long)
    with torch.no_grad():
        model(inside)
    said = "Der Text hat 257 Tokens, das Kontextfenster des Modells nur 256"
    with pytest.raises(PromptError, match=said):
        model(torch.zeros(1, 257, dtype=torch.long))
    with pytest.raises(PromptError, match=said):
        model.generate(inside[:, :250], max_length=300, do_sample=False, eos_token_id=None)
