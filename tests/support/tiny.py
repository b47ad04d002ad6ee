"""Tiny causal language models of other architectures than GPT-2, with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, AutoTokenizer, GenerationConfig
from transformers.utils import logging

from kischule.catalog import MINI_FOLDER

# old versions of transformers with a new torch
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")

PROMPT = "The old king"
WINDOW = 64
SHAPE: dict[str, Any] = {
    "vocab_size": 4096,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": WINDOW,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": None,
}
LOCAL = {"head_dim": 8, "sliding_window": 16, "tie_word_embeddings": False}
# what an architecture calls by a name of its own, or has besides
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "gpt2": {},
    "bloom": {"max_position_embeddings": None},
    "falcon": {"alibi": False},
    "gemma2": LOCAL,
    "gemma3_text": LOCAL,
    "gpt_bigcode": {},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "window_size": 16, "num_layers": 2},
    "gpt_neox": {},
    "gptj": {"rotary_dim": 4},
    "llama": {},
    "mamba": {"state_size": 8, "max_position_embeddings": None},
    "mistral": {"sliding_window": 16},
    "mixtral": {"num_local_experts": 4},
    "mpt": {"max_seq_len": WINDOW, "max_position_embeddings": None},
    "opt": {"word_embed_proj_dim": 32, "ffn_dim": 48},
    "phi": {},
    "phi3": {},
    "qwen2": {},
    "qwen3": {"head_dim": 8},
    "starcoder2": {"sliding_window": 16},
}
ENDLESS = ("bloom", "mamba")  # without a window


@pytest.fixture(autouse=True)
def quietly() -> Any:
    """Turn off progress bars: tests run in processes of their own, without a terminal."""
    logging.disable_progress_bar()
    yield
    logging.enable_progress_bar()


def randomize(model: Any, seed: int = 1) -> Any:
    """Give a model random weights so large that its logits differ by whole numbers."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.ndim == 2 and "A_log" not in name:
                weights.normal_(0, 0.4, generator=generator)
    return model


def config(architecture: str, **changes: Any) -> Any:
    given = SHAPE | ARCHITECTURES.get(architecture, {}) | changes
    if given["max_position_embeddings"] is None:
        del given["max_position_embeddings"]
    return CONFIG_MAPPING[architecture](**given)


def save(folder: Path, shape: Any, tokenizer: Any = None, **defaults: Any) -> str:
    """Save a model of this configuration in a folder, and return its path.

    tokenizer: default: the embedded model's. defaults: of its generation_config.json.
    """
    torch.manual_seed(0)
    model = randomize(AutoModelForCausalLM.from_config(shape))
    model.generation_config = GenerationConfig(**{"bos_token_id": 0, "eos_token_id": 0, **defaults})
    model.save_pretrained(folder)
    (tokenizer or AutoTokenizer.from_pretrained(MINI_FOLDER)).save_pretrained(folder)
    return str(folder)
