"""Settings, end tokens, weights and tokenizers that the authors of a model ship in its folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support import tiny
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors, trainers
from tokenizers import models as cores
from transformers import (
    CONFIG_MAPPING,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedTokenizerFast,
)

import kischule
from autograder.exercises import oracle
from autograder.sandbox.models import SpyModel
from kischule import plots
from kischule.catalog import MINI_FOLDER
from kischule.compat import window
from kischule.errors import ModelUnsuitableError
from kischule.tokens import encode, texts_after, texts_of

pytestmark = tiny.pytestmark
_quietly = tiny.quietly


# --- what a folder brings along -----------------------------------------------------------------


def test_settings_that_a_model_ships_do_not_count(tmp_path: Path) -> None:
    """Neither those of generation_config.json nor, without that file, those of config.json."""
    shipped: dict[str, Any] = {
        "do_sample": True,
        "repetition_penalty": 1.05,
        "temperature": 0.7,
        "top_k": 20,
        "top_p": 0.8,
        "max_length": 40,
        "min_length": 30,
        "no_repeat_ngram_size": 2,
        "suppress_tokens": [5],
        "pad_token_id": 7,
    }
    tiny.save(tmp_path, tiny.config("qwen2"), **shipped)
    plain = {"max_length": 20, "do_sample": False, "repetition_penalty": None}
    off = {"temperature": None, "top_k": None, "top_p": None}
    for place in ("generation_config.json", "config.json"):
        tokenizer, model = kischule.load(str(tmp_path), "cpu")
        ids = tokenizer(tiny.PROMPT, return_tensors="pt").input_ids
        spy = SpyModel.of(model)
        assert model.generation_config.max_length is None
        spy.generate(ids, max_length=20)
        spy.generate(ids, max_length=20, do_sample=True)
        spy.generate(ids, max_length=20, do_sample=True, temperature=0.5, top_k=None)
        assert spy.reports == [
            {**plain, **off},
            {**plain, **off, "do_sample": True, "top_k": 50},
            {**plain, **off, "do_sample": True, "temperature": 0.5},
        ], place
        slow, _ = oracle.greedy_path(model, ids[0].tolist(), 50)
        assert model.generate(ids, max_length=50).tolist() == [slow]
        # a token that a model pads with is a token like others in a prompt
        padded, _ = oracle.greedy_path(model, [7, 7, 9], 30)
        assert model.generate(torch.tensor([[7, 7, 9]]), max_length=30).tolist() == [padded]
        (tmp_path / "generation_config.json").unlink(missing_ok=True)
        given = json.loads((tmp_path / "config.json").read_text())
        (tmp_path / "config.json").write_text(json.dumps(given | shipped))


@pytest.mark.parametrize(
    ("own", "shipped", "of_tokenizer", "end"),
    [
        ([11, 12], [11, 12], None, 11),
        ([11, 12], 12, 12, 12),
        (11, [11, 12, 13], 13, 13),
        (None, [12, 11], None, 12),
        (11, None, 0, 11),
        (11, 12, 5, 11),
    ],
)
def test_of_several_end_tokens_one_counts(
    tmp_path: Path, own: Any, shipped: Any, of_tokenizer: int | None, end: int
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(MINI_FOLDER)
    end_text = tokenizer.convert_ids_to_tokens(end)
    if of_tokenizer != 0:
        token = None if of_tokenizer is None else tokenizer.convert_ids_to_tokens(of_tokenizer)
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=tokenizer.backend_tokenizer, eos_token=token
        )
    tiny.save(tmp_path, tiny.config("llama", eos_token_id=own), tokenizer, eos_token_id=shipped)
    tokenizer, model = kischule.load(str(tmp_path), "cpu")
    assert model.config.eos_token_id == model.generation_config.eos_token_id == end
    assert tokenizer.eos_token == end_text
    assert tokenizer.decode([20, end], skip_special_tokens=True) == tokenizer.decode([20])


def test_a_text_ends_where_the_notebook_says(tmp_path: Path) -> None:
    """At the one end token, and not at another one of the model's author."""
    _, model = kischule.load(tiny.save(tmp_path / "a", tiny.config("qwen3")), "cpu")
    path, _ = oracle.greedy_path(model, [20, 30], 40)
    other, end = next((a, b) for a, b in zip(path[5:], path[8:], strict=False) if a != b)
    folder = tiny.save(
        tmp_path / "b", tiny.config("qwen3", eos_token_id=end), eos_token_id=[end, other]
    )
    _, model = kischule.load(folder, "cpu")
    ids = torch.tensor([[20, 30]])
    expected = path[: path.index(end, 2) + 1]
    assert other in expected[2:-1]
    assert oracle.greedy_path(model, [20, 30], 40)[0] == expected
    assert model.generate(ids, max_length=40).tolist() == [expected]
    assert kischule.generate(model, ids, seed=0, max_length=40).tolist() == [expected]


def test_a_model_for_pictures_as_well_is_one_for_texts(tmp_path: Path) -> None:
    """Its configuration is nested: window, vocabulary and end token are in a part of it."""
    config = CONFIG_MAPPING["gemma3"](
        text_config=tiny.config("gemma3_text").to_dict(),
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 8,
            "patch_size": 4,
        },
        mm_tokens_per_image=4,
        eos_token_id=None,
        image_token_id=4090,
        boi_token_id=4091,
        eoi_token_id=4092,
    )
    tokenizer, model = kischule.load(tiny.save(tmp_path, config), "cpu")
    assert type(model).__name__ == "Gemma3ForConditionalGeneration"
    assert window(model) == tiny.WINDOW
    assert model.config.vocab_size == 4096
    assert model.config.eos_token_id == 0
    ids = encode(tokenizer, model, tiny.PROMPT)
    slow, _ = oracle.greedy_path(model, ids[0].tolist(), 30)
    assert kischule.generate(model, ids, seed=0, max_length=30).tolist() == [slow]
    with pytest.raises(ValueError, match="the model's window of 64, was: 65"):
        kischule.generate(model, ids, seed=0, max_length=65)


@pytest.mark.parametrize("tied", [True, False])
def test_tied_and_untied_weights_of_16_bits_are_loaded_in_32(tmp_path: Path, tied: bool) -> None:
    config = tiny.config("llama", tie_word_embeddings=tied)
    torch.manual_seed(0)
    model = tiny.randomize(AutoModelForCausalLM.from_config(config)).to(torch.bfloat16)
    model.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(MINI_FOLDER).save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["dtype"] == "bfloat16"
    _, loaded = kischule.load(str(tmp_path), "cpu")
    before, after = (m.get_input_embeddings().weight for m in (model, loaded))
    assert after.dtype == torch.float32
    assert torch.equal(before.float(), after)
    assert (loaded.get_output_embeddings().weight is after) == tied
    _, half = kischule.load(str(tmp_path), "cpu", dtype="bfloat16")
    assert {p.dtype for p in half.parameters()} == {torch.bfloat16}


# --- tokenizers ---------------------------------------------------------------------------------


def _mini(change: Callable[[Tokenizer], None], **options: Any) -> PreTrainedTokenizerFast:
    """The embedded model's tokenizer, changed."""
    core = Tokenizer.from_file(str(MINI_FOLDER / "tokenizer.json"))
    change(core)
    return PreTrainedTokenizerFast(tokenizer_object=core, **options)


def _with_begin_token(core: Tokenizer) -> None:
    core.add_special_tokens(["[B]"])
    begin = core.token_to_id("[B]")
    core.post_processor = processors.TemplateProcessing(
        single="[B] $A", pair="[B] $A [B] $B", special_tokens=[("[B]", begin)]
    )


@pytest.mark.parametrize("options", [{}, {"add_bos_token": True, "add_eos_token": True}])
def test_a_tokenizer_adds_no_tokens_of_its_own(tmp_path: Path, options: dict[str, Any]) -> None:
    """A begin token occurs only where it was typed, and then once."""
    words = {"bos_token": "[B]", "eos_token": "<|endoftext|>", **options}
    tokenizer = _mini(_with_begin_token, **words, model_input_names=["input_ids", "token_type_ids"])
    begin = tokenizer.convert_tokens_to_ids("[B]")
    assert tokenizer(tiny.PROMPT).input_ids[0] == begin
    tiny.save(tmp_path, tiny.config("gemma2", vocab_size=4100, bos_token_id=begin), tokenizer)
    tokenizer, model = kischule.load(str(tmp_path), "cpu")
    plain = oracle.encode_prompt(tokenizer, tiny.PROMPT)
    assert len(plain) == 3
    for given in (tiny.PROMPT, "[B]" + tiny.PROMPT):
        ids = tokenizer(given, return_tensors="pt").input_ids
        assert ids[0].tolist() == [begin] * given.startswith("[B]") + plain
        assert ids[0].tolist() == oracle.encode_prompt(tokenizer, given)
        text = tokenizer.decode(model.generate(ids, max_length=12)[0])
        assert text.startswith(given)
        slow, _ = oracle.generate_text(tokenizer, model, given, max_length=12)
        assert text.replace("[B]", "") == slow
    batch = tokenizer(tiny.PROMPT, return_tensors="pt")
    assert model.generate(**batch, max_length=12)[0, :3].tolist() == plain


def _pieces() -> PreTrainedTokenizerFast:
    """A tokenizer like Llama's: spaces belong to the next word, and one precedes the first."""
    core = Tokenizer(cores.BPE(unk_token="<unk>", byte_fallback=True))
    core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    letters = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=["<unk>", "<s>", "</s>", *letters])
    core.train_from_iterator(["What is artificial Intelligence? It is an old king"] * 9, trainer)
    plain = json.loads(core.to_str())
    plain["added_tokens"] = plain["added_tokens"][:3]  # letters are no special tokens
    core = Tokenizer.from_str(json.dumps(plain))
    core.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    core.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", eos_token="</s>")


def test_the_space_before_a_word_is_shown_whatever_the_tokenizer(tmp_path: Path) -> None:
    """Llama's decodes a single token without it, but a click on it must continue the text."""
    pieces = _pieces()
    config = tiny.config("llama", vocab_size=len(pieces), eos_token_id=2)
    tiny.save(tmp_path, config, pieces, eos_token_id=2)
    tokenizer, model = kischule.load(str(tmp_path), "cpu")
    assert tokenizer.decode([tokenizer.convert_tokens_to_ids("▁king")]) == "king"
    assert tokenizer.decode(tokenizer("It is 😀 an old king").input_ids) == "It is 😀 an old king"
    ids = tokenizer("It is an 😀 old king").input_ids
    parts = texts_of(tokenizer, ids)
    assert "".join(parts) == "It is an 😀 old king"
    assert parts[-1] == " king"
    king = tokenizer.convert_tokens_to_ids(["▁king", "I", "<0xF0>"])
    after = texts_after(tokenizer, tokenizer("an old").input_ids, king)
    assert after == [" king", "I", "\ufffd"]
    lab = kischule.lab(tokenizer, model, "an old", max_new_tokens=5)
    (shown,) = lab.snapshots
    likely = tokenizer.convert_ids_to_tokens(shown.following.ids.tolist())
    place = next(i for i, token in enumerate(likely) if token.startswith("▁") and len(token) > 1)
    lab.views[0].buttons[place].click()
    assert lab.prompt.value == "an old" + likely[place].replace("▁", " ")
    labels = plots.next_token(tokenizer, model, "an old", num_tokens=10).axes[0].get_yticklabels()
    assert repr(likely[place].replace("▁", " ")) in [label.get_text() for label in labels]


def _lower_case(core: Tokenizer) -> None:
    core.normalizer = normalizers.Lowercase()


def test_a_tokenizer_that_loses_a_part_of_the_text_is_refused(tmp_path: Path) -> None:
    tiny.save(tmp_path, tiny.config("gpt2"), _mini(_lower_case, eos_token="<|endoftext|>"))
    with pytest.raises(ModelUnsuitableError) as caught:
        kischule.load(str(tmp_path), "cpu")
    assert str(caught.value) == (
        f"{tmp_path}: the tokenizer must decode a text to what was encoded, "
        "'What is artificial Intelligence? It ' became 'what is artificial intelligence? it '"
    )


def test_an_end_token_unknown_to_the_tokenizer_is_refused(tmp_path: Path) -> None:
    tiny.save(tmp_path, tiny.config("gpt2", eos_token_id=4097, vocab_size=4100), eos_token_id=4097)
    with pytest.raises(ModelUnsuitableError, match=r"must be one of .* 4096, was: 4097"):
        kischule.load(str(tmp_path), "cpu")
