"""Generation from a seed: `model.generate` with the course's parameters, repeatable."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel


def generate(
    model: PreTrainedModel,
    input_ids: Tensor,  # (B, T) long
    *,
    seed: int,
    max_length: int = 128,
    repetition_penalty: float | None = None,
    do_sample: bool = False,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Tensor:  # (B, <= max_length) long
    """Continue the prompt; the same seed gives the same tokens on the same device.

    input_ids: (B, T) long, the prompts; moved to the model's device.
    seed: of the draws; without `do_sample` it changes nothing.
    max_length: tokens in all, the prompt's counted.
    repetition_penalty: > 0; None or 1.0: off. Keskar et al. 2019, arXiv 1909.05858.
    do_sample: draw the next token; False: always the most likely one (greedy).
    temperature: > 0; None or 1.0: off.
    top_k: draw from the k most likely tokens only; None or 0: off (not transformers' 50).
    top_p: draw from the smallest set of most likely tokens whose probabilities sum to at least
        p, in (0, 1]; None or 1.0: off. Holtzman et al. 2019, arXiv 1904.09751.

    Order, as in transformers: penalty, temperature, top-k, top-p. The sampling parameters have no
    effect without `do_sample`. The global random state is left as it was.
    Raises ValueError for a parameter outside its range.
    """
    import torch

    _require(input_ids.ndim == 2, "input_ids must have shape (B, T)", tuple(input_ids.shape))
    _require(
        max_length >= input_ids.shape[1],
        f"max_length counts the prompt's {input_ids.shape[1]} tokens and must not be below",
        max_length,
    )
    penalty = repetition_penalty
    _require(penalty is None or penalty > 0, "repetition_penalty must be above 0", penalty)
    _require(temperature is None or temperature > 0, "temperature must be above 0", temperature)
    _require(top_k is None or top_k >= 0, "top_k must be 0 or more", top_k)
    _require(top_p is None or 0 < top_p <= 1, "top_p must lie in (0, 1]", top_p)

    prompt = input_ids.to(model.device)
    if max_length == prompt.shape[1]:
        return prompt.clone()
    sampling: dict[str, float | int | None] = {}
    if do_sample:
        sampling = {
            "temperature": None if temperature is None else float(temperature),
            "top_k": top_k,
            "top_p": None if top_p is None else float(top_p),
        }
    devices = [model.device] if model.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        return model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_length=max_length,
            # transformers refuses an int here
            repetition_penalty=None if penalty is None else float(penalty),
            do_sample=do_sample,
            pad_token_id=model.generation_config.eos_token_id,
            **sampling,
        )


def _require(holds: bool, rule: str, was: object) -> None:
    if not holds:
        raise ValueError(f"{rule}, was: {was!r}")
