"""A GPT-2 of one thousand weights, to try a training step in an instant."""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from kischule.arguments import whole_number

SCALE = 0.3  # of the weights: large enough for gradients that matter
RETURNED = "returned"  # in the reply of a function that trains: what it returned itself
STALE = 0.2  # each gradient that an earlier step has left


class TinyGPT2(GPT2LMHeadModel):
    """GPT-2 that notes if it computed with gradients, in `with_gradients`."""

    with_gradients = False

    def forward(self, *args: Any, **more: Any) -> Any:
        """Compute as `GPT2LMHeadModel` does."""
        self.with_gradients = self.with_gradients or torch.is_grad_enabled()
        return super().forward(*args, **more)


def tiny_gpt2(
    seed: int,
    vocabulary: int = 12,
    dropout: float = 0.0,
    training: bool = True,
    with_gradients: bool = False,
) -> TinyGPT2:
    """Make a GPT-2 of one layer, width 8 and 16 positions, with weights from a seed.

    Its weights have gradients already, as after an earlier step. dropout: of its embeddings, where
    it has an effect in training mode. training: its mode. with_gradients: note that it has computed
    with gradients before.
    """
    model = copy.deepcopy(_tiny(whole_number("vocabulary", vocabulary, 2), float(dropout)))
    rng = torch.Generator().manual_seed(whole_number("seed", seed, 0))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            shift = 1.0 if "ln_" in name and name.endswith("weight") else 0.0
            weight.copy_(shift + SCALE * torch.randn(weight.shape, generator=rng))
            weight.grad = torch.full_like(weight, STALE)
    model.with_gradients = bool(with_gradients)
    return model.train(training)


@lru_cache
def _tiny(vocabulary: int, dropout: float) -> TinyGPT2:
    """Make a model to copy, since that takes a tenth of the time."""
    state = torch.get_rng_state()
    config = GPT2Config(
        vocab_size=vocabulary,
        n_positions=16,
        n_embd=8,
        n_layer=1,
        n_head=2,
        embd_pdrop=dropout,
        resid_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=0,
        eos_token_id=0,
    )
    config.loss_type = "ForCausalLM"  # or transformers guesses it from the class's name
    model = TinyGPT2(config)
    torch.set_rng_state(state)
    return model


def state_of(model: TinyGPT2) -> dict[str, Any]:
    """A tiny model's mode, its weights, and if it computed with gradients."""
    weights = {name.removeprefix("transformer."): w for name, w in model.named_parameters()}
    return {
        "training": model.training,
        "with_gradients": model.with_gradients,
        "weights": weights,
    }
