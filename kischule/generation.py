"""Seeded generation: the same seed gives the same tokens on every device, alone or in a batch.

transformers draws from the device's global generator, so that a text depends on the device, on the
version of torch and on a text's neighbours in the batch. Here `model.generate` does what it does
best (the loop, the cache, the end of texts) and takes the likeliest token each time; a
`LogitsProcessor` has made likeliest the token that the draw came to, by the Gumbel-max trick: the
argmax of logits plus Gumbel noise is distributed as their softmax (Gumbel 1954; Maddison et al.
2014, arXiv 1411.0030). The noise comes from Philox, a counter-based generator (Salmon et al. 2011),
and depends on nothing but the seed, the position in the text and the token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor
from transformers import LogitsProcessor, LogitsProcessorList

from kischule.decoding import Columns, Setting
from kischule.inputs import window

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

T = TypeVar("T")
Each: TypeAlias = "T | Sequence[T]"  # one for all rows, or one a row


class SeededSampling(LogitsProcessor):
    """Leaves each row the one token that its seed draws; for `model.generate(do_sample=False)`.

    settings, seeds: one a row of the batch. Penalty, temperature and cuts are applied here, in
    float64 on the CPU; `generate` itself must be given none.
    """

    def __init__(self, settings: Sequence[Setting], seeds: Sequence[int]) -> None:
        self.columns = Columns(settings)
        self.seeds = [
            seed if s.do_sample else None for s, seed in zip(settings, seeds, strict=True)
        ]

    def __call__(
        self,
        input_ids: Tensor,  # (B, T) long
        scores: Tensor,  # (B, V) float
    ) -> Tensor:  # (B, V)
        logits = self.columns.apply(scores.to("cpu", torch.float64), input_ids.cpu())
        position, size = input_ids.shape[1], logits.shape[1]
        noise = {
            seed: torch.from_numpy(gumbel(seed, position, size))
            for seed in set(self.seeds)
            if seed is not None
        }
        for row, seed in zip(logits, self.seeds, strict=True):
            if seed is not None:
                row += noise[seed]
        chosen = logits.argmax(-1, keepdim=True).to(scores.device)
        return torch.full_like(scores, -torch.inf).scatter_(1, chosen, 0.0)


def gumbel(seed: int, position: int, size: int) -> np.ndarray[Any, np.dtype[np.float64]]:  # (size,)
    """Standard Gumbel noise for the tokens of a vocabulary at one position of a text.

    From Philox's raw output, which numpy promises to keep (NEP 19); 52 bits of it, so that neither
    end of the unit interval is met.
    """
    bits = np.random.Philox(key=seed, counter=[0, position, 0, 0]).random_raw(size)
    uniform = ((bits >> np.uint64(12)) + 0.5) * 2.0**-52
    return -np.log(-np.log(uniform))


def generate(
    model: PreTrainedModel,
    input_ids: Tensor,  # (1, T) or (B, T) long
    *,
    seed: Each[int],
    max_length: int = 128,
    repetition_penalty: Each[float | None] = None,
    do_sample: Each[bool] = False,
    temperature: Each[float | None] = None,
    top_k: Each[int | None] = None,
    top_p: Each[float | None] = None,
) -> Tensor:  # (B, <= max_length) long
    """Continue prompts; the same seed gives the same tokens, wherever and in whatever batch.

    input_ids: the prompts, all of one length; moved to the model's device.
    seed: of the draws, from 0 to 2**64 - 1; without `do_sample` it changes nothing. A row's text
        depends on its own prompt, settings and seed alone, so equal rows with one seed are equal.
    max_length: tokens in all, the prompt's counted.
    repetition_penalty, do_sample, temperature, top_k, top_p: see `decoding.Setting`; None is off.

    Each parameter but `max_length` is one for all rows, or a sequence with one a row; a single
    prompt is continued once for each. So a table of settings, or many seeds, takes one pass:
    `generate(model, ids, seed=range(8), do_sample=True)`. A row that ended before others is filled
    up with the end token.

    The global random state is neither used nor changed. What two machines can differ in is the last
    bits of the model's own float32 logits: a token flips where these decide. Of 37,043 tokens of
    the embedded model, alone on one thread against a batch of 16 on two, none did; between a CPU
    and a GPU it was not measured.
    Raises ValueError for a parameter outside its range, for lengths that do not fit together and
    for a text longer than the model's window.
    """
    _check_lengths(model, input_ids, max_length)
    given = {
        "seed": seed,
        "repetition_penalty": repetition_penalty,
        "do_sample": do_sample,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
    }
    rows = list(_rows(given, len(input_ids)))
    seeds = [row.pop("seed") for row in rows]
    for number in seeds:
        fits = isinstance(number, int) and 0 <= number < 2**64
        _require(fits, "seed must be a whole number from 0 to 2**64 - 1", number)
    settings = [Setting(**row) for row in rows]

    prompts = input_ids.to(model.device).expand(len(rows), -1)
    if max_length == prompts.shape[1]:
        return prompts.clone()
    eos = model.generation_config.eos_token_id
    return model.generate(
        prompts,
        attention_mask=torch.ones_like(prompts),
        max_length=max_length,
        logits_processor=LogitsProcessorList([SeededSampling(settings, seeds)]),
        pad_token_id=eos[0] if isinstance(eos, list) else eos,
        do_sample=False,
        num_beams=1,
        # off, whatever the model's own generation_config says
        repetition_penalty=1.0,
        temperature=None,
        top_k=None,
        top_p=None,
    )


def generate_texts(
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    prompt_text: str,
    settings: Sequence[Mapping[str, Any]],
    *,
    seed: Each[int] = 0,
) -> list[str]:
    """The texts that `settings` give, prompt included, all in one pass of the model.

    settings: the keywords of `generate`, each its own `max_length` too (default 128).
    seed: one for all, so that texts differ by their settings only; or one each.
    """
    ids = tokenizer(prompt_text, return_tensors="pt").input_ids
    limits = [setting.get("max_length", 128) for setting in settings]
    names = ("repetition_penalty", "do_sample", "temperature", "top_k", "top_p")
    for setting in settings:
        unknown = setting.keys() - {*names, "max_length"}
        _require(not unknown, f"a setting has the keys {', '.join(names)}, max_length", unknown)
    off = {"do_sample": False}
    columns = {n: [setting.get(n, off.get(n)) for setting in settings] for n in names}
    tokens = generate(model, ids, seed=seed, max_length=max(limits), **columns)
    new = [row[ids.shape[1] : limit].tolist() for row, limit in zip(tokens, limits, strict=True)]
    return [tokenizer.decode([*ids[0].tolist(), *until_end(row, model)]) for row in new]


def until_end(ids: list[int], model: PreTrainedModel) -> list[int]:
    """Generated tokens up to the first end token, which stays."""
    eos = model.generation_config.eos_token_id
    ends = {eos} if isinstance(eos, int) else set(eos or ())
    last = next((i for i, token in enumerate(ids) if token in ends), len(ids))
    return ids[: last + 1]


def _check_lengths(model: PreTrainedModel, input_ids: Tensor, max_length: int) -> None:
    """Raises ValueError for prompts that are none, and where they and the model do not fit."""
    _require(input_ids.ndim == 2, "input_ids must have shape (B, T)", tuple(input_ids.shape))
    length, limit = input_ids.shape[1], window(model) or max_length
    _require(length > 0, "a prompt must hold at least one token", length)
    _require(
        max_length >= length,
        f"max_length counts the prompt's {length} tokens and must not be below",
        max_length,
    )
    _require(max_length <= limit, f"max_length must fit the model's window of {limit}", max_length)


def _rows(given: Mapping[str, Any], prompts: int) -> Iterator[dict[str, Any]]:
    """The parameters of each row; ValueError where their numbers do not fit together."""
    lists = {name: list(v) if isinstance(v, Sequence | range) else [v] for name, v in given.items()}
    number = max(prompts, *map(len, lists.values()))
    for name, values in {"input_ids": range(prompts), **lists}.items():
        _require(
            len(values) in (1, number), f"{name} must be one, or one a row ({number})", len(values)
        )
    for i in range(number):
        yield {name: values[i if len(values) > 1 else 0] for name, values in lists.items()}


def _require(holds: bool, rule: str, was: object) -> None:
    if not holds:
        raise ValueError(f"{rule}, was: {was!r}")
