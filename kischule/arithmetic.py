"""GPT-2's arithmetic: keys, values and logits of a text, without the library's layers of Python.

For one more token of a text these layers take longer than `mini` itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


class Arithmetic:
    """Keys, values and logits of one text, filled as it grows; the weights are the model's own."""

    def __init__(self, weights: Mapping[str, Tensor], config: Any) -> None:
        own = {name.removeprefix("transformer."): weight for name, weight in weights.items()}
        self.tokens, self.places = own["wte.weight"], own["wpe.weight"]
        self.shape, self.epsilon = (config.n_embd,), config.layer_norm_epsilon
        self.last = own["ln_f.weight"], own["ln_f.bias"]
        heads, self.size = config.n_head, config.n_embd // config.n_head
        # of the text: keys and values by layer, and logits
        shape = (config.n_layer, 2, 1, heads, config.n_positions, self.size)
        self.states = torch.zeros(shape)
        self.logits = torch.zeros(1, config.n_positions, config.vocab_size)
        parts = ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj")
        # with each layer's keys and values, (1, heads, positions, size), its weights and biases
        self.layers = [
            (*states, [(own[f"h.{i}.{p}.weight"], own[f"h.{i}.{p}.bias"]) for p in parts])
            for i, states in enumerate(self.states)
        ]

    @torch.inference_mode()  # takes half the time of no_grad
    def compute(self, tokens: Sequence[int], start: int) -> None:
        """Compute keys, values and logits of the tokens after the first `start` of the text."""
        count, end = len(tokens), start + len(tokens)

        def normal(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
            return torch.layer_norm(x, self.shape, weight, bias, self.epsilon)

        x = self.tokens[torch.tensor(tokens, device="cpu")] + self.places[start:end]
        mask = None
        if count > 1:  # each sees those before it and itself
            mask = torch.ones(count, end, dtype=torch.bool, device="cpu").tril(start)
        for all_keys, all_values, (ln_1, c_attn, attn, ln_2, c_fc, mlp) in self.layers:
            three = torch.addmm(c_attn[1], normal(x, *ln_1), c_attn[0])
            three = three.view(1, count, 3, -1, self.size).permute(2, 0, 3, 1, 4)
            query, key, value = three.unbind()
            all_keys[:, :, start:end] = key
            all_values[:, :, start:end] = value
            keys, values = all_keys[:, :, :end], all_values[:, :, :end]
            seen = functional.scaled_dot_product_attention(query, keys, values, mask)
            seen = seen.transpose(1, 2).reshape(count, -1)
            x = x + torch.addmm(attn[1], seen, attn[0])
            wide = torch.addmm(c_fc[1], normal(x, *ln_2), c_fc[0])
            x = x + torch.addmm(mlp[1], functional.gelu(wide, approximate="tanh"), mlp[0])
        torch.mm(normal(x, *self.last), self.tokens.t(), out=self.logits[0, start:end])
