"""Other architectures than GPT-2: each does the exercises, or is refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support import tiny
from transformers import (
    CONFIG_MAPPING,
    AutoModel,
    AutoTokenizer,
)
from transformers.utils import logging

import kischule
from autograder.exercises import oracle
from kischule import measures, plots
from kischule.catalog import MINI_FOLDER
from kischule.compat import window
from kischule.decoding import Setting
from kischule.errors import ModelUnavailableError, ModelUnsuitableError
from kischule.laboratory.controls import Lab
from kischule.tokens import encode

pytestmark = tiny.pytestmark
_quietly = tiny.quietly

SETTINGS: list[dict[str, Any]] = [
    {"max_length": 8},
    {"max_length": 10, "repetition_penalty": 1.3},
    {"max_length": 12, "do_sample": True, "temperature": 0.8, "top_p": 0.9},
    {"max_length": 9, "do_sample": True, "repetition_penalty": 1.3, "top_k": 5},
]


@pytest.fixture(scope="module", params=tiny.ARCHITECTURES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def pair(name: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """Tokenizer and model of each architecture."""
    logging.disable_progress_bar()
    folder = tiny.save(tmp_path_factory.mktemp(name), tiny.config(name))
    return kischule.load(folder, device="cpu")


@pytest.fixture
def ids(pair: tuple[Any, Any]) -> torch.Tensor:
    return encode(*pair, tiny.PROMPT)


# --- every architecture -------------------------------------------------------------------------


def test_it_is_loaded_as_the_notebook_needs_it(name: str, pair: tuple[Any, Any]) -> None:
    tokenizer, model = pair
    assert model.config.model_type == name
    assert not model.training
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert window(model) == (None if name in tiny.ENDLESS else tiny.WINDOW)
    assert model.config.vocab_size == len(tokenizer) == 4096
    assert model.config.eos_token_id == model.generation_config.eos_token_id == 0
    assert tokenizer(tiny.PROMPT).input_ids == oracle.encode_prompt(tokenizer, tiny.PROMPT)


def test_greedy_is_a_plain_loop_without_a_cache(pair: tuple[Any, Any]) -> None:
    """Up to the end of the window; the penalty keeps a random model from repeating itself."""
    model, prompt = pair[1], list(range(20, 60))
    ids = torch.tensor([prompt])
    slow, gap = oracle.greedy_path(model, prompt, tiny.WINDOW, penalty=1.5)
    assert gap > 1e-4
    assert len(set(slow[40:])) > 10
    fast = kischule.generate(model, ids, seed=0, max_length=tiny.WINDOW, repetition_penalty=1.5)
    assert fast.tolist() == [slow]
    slow, gap = oracle.greedy_path(model, prompt, 46)
    assert gap > 1e-4
    assert kischule.generate(model, ids, seed=0, max_length=46).tolist() == [slow]


def test_a_row_of_a_batch_is_the_text_alone(pair: tuple[Any, Any], ids: torch.Tensor) -> None:
    tokenizer, model = pair
    seeds = [3, 4, 5, 6]
    together = kischule.generate_texts(tokenizer, model, tiny.PROMPT, SETTINGS, seed=seeds)
    alone = [
        tokenizer.decode(kischule.generate(model, ids, seed=seed, **setting)[0])
        for setting, seed in zip(SETTINGS, seeds, strict=True)
    ]
    assert together == alone
    assert len(set(together)) == len(SETTINGS)
    assert all(text.startswith(tiny.PROMPT) for text in together)
    sampled = kischule.generate(model, ids, seed=range(4), do_sample=True, max_length=8)
    assert len(set(map(tuple, sampled.tolist()))) == 4


def test_the_notebooks_solutions_give_what_the_oracle_says(
    pair: tuple[Any, Any], ids: torch.Tensor, solved: Callable[..., dict[str, Any]]
) -> None:
    tokenizer, model = pair
    notebook = solved()
    assert torch.equal(notebook["encode_prompt"](tokenizer, tiny.PROMPT), ids)
    greedy = notebook["greedy_decode"](model, ids, 8)[0].tolist()
    assert greedy == oracle.greedy_decode(model, ids, 8)
    entries = notebook["explore"](tokenizer, model, tiny.PROMPT, SETTINGS[:2])
    for setting, entry in zip(SETTINGS[:2], entries, strict=True):
        text, gap = oracle.generate_text(tokenizer, model, tiny.PROMPT, **setting)
        assert gap > 1e-4
        assert entry["text"] == text
        for measure, value in oracle.measures_of(tokenizer, model, tiny.PROMPT, text).items():
            assert entry[measure] == pytest.approx(value, abs=1e-4)


def test_what_is_measured_and_shown_is_the_oracles(
    pair: tuple[Any, Any], ids: torch.Tensor
) -> None:
    tokenizer, model = pair
    setting = Setting(1.2, True, 0.9, 20, 0.9)
    lab = kischule.lab(
        tokenizer,
        model,
        tiny.PROMPT,
        max_new_tokens=6,
        repetition_penalty=1.2,
        temperature=0.9,
        top_k=20,
        top_p=0.9,
    )
    assert isinstance(lab, Lab)
    (shown,) = lab.snapshots
    text = torch.tensor([shown.ids])
    assert shown.setting == setting
    assert tokenizer.decode(shown.ids) == shown.text
    total = oracle.sequence_log_prob(model, text, ids.shape[1])
    assert measures.sequence_log_prob(model, text, ids.shape[1]) == pytest.approx(total, abs=1e-3)
    assert torch.tensor(shown.probs).log().sum().item() == pytest.approx(total, abs=1e-3)
    logits = oracle.logits_of(model, ids[0].tolist())[-1]
    kept = {"repetition_penalty": 1.2, "temperature": 0.9, "top_k": 20}
    expected = oracle.next_distribution(logits, ids[0].tolist(), kept)[shown.following.ids]
    assert shown.following.probs["top_k"].tolist() == pytest.approx(expected.tolist(), abs=1e-5)
    figure = plots.next_token(tokenizer, model, tiny.PROMPT, num_tokens=4)
    probs = sorted(oracle.softmax(logits))[:-5:-1]
    widths = [patch.get_width() for patch in figure.axes[0].patches]
    assert widths == pytest.approx(probs, abs=1e-5)
    figure = plots.token_probabilities(tokenizer, model, shown.text, tiny.PROMPT)
    assert len(figure.axes[0].patches) == len(tokenizer(shown.text).input_ids)


# --- what cannot do the exercises ---------------------------------------------------------------

Refusal = tuple[type[Exception], str, Callable[[Path], object]]


def _encoder_alone(folder: Path) -> None:
    tiny.save(folder, tiny.config("bert", pad_token_id=0))


def _encoder_and_decoder(architecture: str) -> Callable[[Path], None]:
    def save(folder: Path) -> None:
        sizes = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "num_layers": 1}
        heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "num_heads": 2}
        widths = {"d_ff": 32, "d_kv": 16, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
        config = CONFIG_MAPPING[architecture](
            vocab_size=4096, max_position_embeddings=64, **sizes, **heads, **widths
        )
        AutoModel.from_config(config).save_pretrained(folder)
        AutoTokenizer.from_pretrained(MINI_FOLDER).save_pretrained(folder)

    return save


def _of_pictures(folder: Path) -> None:
    config = CONFIG_MAPPING["vit"](
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    AutoModel.from_config(config).save_pretrained(folder)


def _of_code(folder: Path) -> None:
    tiny.save(folder, tiny.config("llama"))
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "nobodys", "auto_map": {"AutoConfig": "own.Config"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text("raise SystemExit('this code was run')\n")


def _with_a_state_that_mixes_texts(folder: Path) -> None:
    tiny.save(folder, CONFIG_MAPPING["rwkv"](**{**tiny.SHAPE, "context_length": 64}))


REFUSED: dict[str, Refusal] = {
    "an encoder": (
        ModelUnsuitableError,
        "each prediction must depend only on the tokens before it, BertLMHeadModel's "
        "also depend on later ones",
        _encoder_alone,
    ),
    "T5": (
        ModelUnsuitableError,
        "the architecture must be a decoder-only causal language model, was: t5",
        _encoder_and_decoder("t5"),
    ),
    "BART": (
        ModelUnsuitableError,
        "the architecture must be a decoder-only causal language model, was: bart",
        _encoder_and_decoder("bart"),
    ),
    "pictures": (
        ModelUnsuitableError,
        "the architecture must be a decoder-only causal language model, was: vit",
        _of_pictures,
    ),
    "code of its own": (
        ModelUnavailableError,
        "has no architecture 'nobodys', and code beside a model is never run",
        _of_code,
    ),
    "RWKV": (
        ModelUnsuitableError,
        "must predict the same token by token, in a batch, as at once, RwkvForCausalLM's",
        _with_a_state_that_mixes_texts,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_model_that_cannot_do_the_exercises_is_refused(tmp_path: Path, case: str) -> None:
    kind, words, save = REFUSED[case]
    save(tmp_path)
    with pytest.raises(kind) as caught:
        kischule.load(str(tmp_path), "cpu")
    assert words in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_tokenizer_is_named(tmp_path: Path) -> None:
    tiny.save(tmp_path, tiny.config("llama"))
    for file in tmp_path.glob("tokenizer*"):
        file.unlink()
    refusals = (ModelUnavailableError, ModelUnsuitableError)  # transformers 5.0: this
    with pytest.raises(refusals, match="tokenizer") as caught:
        kischule.load(str(tmp_path), "cpu")
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
