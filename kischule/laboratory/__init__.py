"""The laboratory: a prompt, every setting and a seed, with their effect shown at once.

`lab` returns the widgets of ipywidgets or, if these are not installed, a `Snapshot`, which shows
the same without controls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kischule import messages
from kischule.arguments import check_model, check_tokenizer, whole_number
from kischule.decoding import Setting
from kischule.laboratory.snapshot import Snapshot, take_snapshots

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from kischule.laboratory.controls import Lab

PROMPT = "Once upon a time"


def lab(
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    prompt_text: str = PROMPT,
    *,
    seed: int = 1,
    max_new_tokens: int = 40,
    do_sample: bool = True,
    **setting: float | None,
) -> Lab | Snapshot:
    """Try out settings: sliders, the next token's probabilities after each step, and a text.

    prompt_text, seed, max_new_tokens and the settings (`repetition_penalty`, `temperature`,
    `top_k`, `top_p`; the further steps `no_repeat_ngram_size`, `min_p`, `typical_p`, which are
    folded away; None is off) are the initial values. A value outside its range is explained
    beside its control; without widgets it raises ValueError. TypeError for an unknown setting.
    """
    check_tokenizer(tokenizer)
    check_model(model)
    seed = whole_number("seed", seed)
    max_new_tokens = whole_number("max_new_tokens", max_new_tokens, 1)
    initial: dict[str, Any] = {"do_sample": do_sample, **setting}
    try:
        from kischule.laboratory.controls import Lab
    except ModuleNotFoundError as error:
        if error.name != "ipywidgets":
            raise
        call = "kischule.lab(tokenizer, model, …, temperature=0.7, seed=2)"
        print(messages.NO_WIDGETS.format(call=call))
        (snapshot,) = take_snapshots(
            tokenizer,
            model,
            prompt_text,
            [Setting(**initial)],
            seed=seed,
            max_new_tokens=max_new_tokens,
        )
        return snapshot
    return Lab(
        tokenizer,
        model,
        prompt_text,
        seed=seed,
        max_new_tokens=max_new_tokens,
        initial=initial,
    )
