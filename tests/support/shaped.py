"""GPT-2 in its published sizes and its published layout, with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.notebooks import ROOT

WINDOW, VOCABULARY, END = 1024, 50257, 50256
# layers, width and attention heads: Radford et al. 2019, table 2
SIZES = {
    "gpt2": {"n_layer": 12, "n_embd": 768, "n_head": 12},
    "gpt2-medium": {"n_layer": 24, "n_embd": 1024, "n_head": 16},
    "gpt2-large": {"n_layer": 36, "n_embd": 1280, "n_head": 20},
    "gpt2-xl": {"n_layer": 48, "n_embd": 1600, "n_head": 25},
}
TOKENIZER = ROOT.parent / "shared" / "gpt2_tokenizer"


def config(name: str) -> Any:
    """The configuration of a model of the family."""
    from transformers import GPT2Config

    return GPT2Config(**SIZES[name])


def make(folder: Path, shape: Any, seed: int = 0) -> Any:
    """Write a model of this shape as the hub has GPT-2; returns it.

    On the hub the names of the weights have no `transformer.` before them, the causal masks stand
    among them, and the output layer is not there, for it is the embedding.
    """
    import torch
    from safetensors.torch import save_file
    from transformers import GPT2LMHeadModel, set_seed

    set_seed(seed)
    model = GPT2LMHeadModel(shape)
    with torch.no_grad():
        # otherwise a token is followed by itself for ever: the embedding is the output layer
        for block in model.transformer.h:
            block.mlp.c_proj.weight.mul_(12)
            block.attn.c_proj.weight.mul_(12)
    weights = {n.removeprefix("transformer."): w for n, w in model.transformer.named_parameters()}
    mask = torch.ones(shape.n_positions, shape.n_positions).tril()[None, None]
    for layer in range(shape.n_layer):
        weights[f"h.{layer}.attn.bias"] = mask.clone()
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    shape.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    tokenizer(shape.vocab_size).save_pretrained(folder)
    return model.eval()


def tokenizer(vocabulary: int) -> Any:
    """GPT-2's own where it is at hand and fits; else that of `mini`, which leaves ids unused."""
    from transformers import AutoTokenizer, GPT2Tokenizer

    if TOKENIZER.is_dir() and vocabulary >= VOCABULARY:
        files = {"vocab": str(TOKENIZER / "vocab.json"), "merges": str(TOKENIZER / "merges.txt")}
        return GPT2Tokenizer(**files, unk_token=None)
    from kischule.catalog import MINI_FOLDER

    return AutoTokenizer.from_pretrained(MINI_FOLDER)
