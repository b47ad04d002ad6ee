"""The laboratory: a prompt, every setting and a seed, and at once what they do to the next token.

`lab` gives the widgets of ipywidgets; where they are missing it gives a `Snapshot`, which shows the
same without controls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kischule.decoding import Setting
from kischule.snapshot import Snapshot, made
from kischule.words import word

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from kischule.controls import Lab

PROMPT = "Once upon a time"


def lab(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompt_text: str = PROMPT,
    *,
    seed: int = 1,
    max_new_tokens: int = 40,
    do_sample: bool = True,
    **setting: float | None,
) -> Lab | Snapshot:
    """Try settings: sliders, the next token's probabilities after each step, and a text.

    prompt_text, seed, max_new_tokens and the settings (`repetition_penalty`, `temperature`,
    `top_k`, `top_p`; None is off) are what it begins with. A value outside its range is named
    beside its control; without widgets it raises ValueError.
    """
    beginning: dict[str, Any] = {"do_sample": do_sample, **setting}
    try:
        from kischule.controls import Lab
    except ModuleNotFoundError as error:
        if error.name != "ipywidgets":
            raise
        print(word("no_widgets", call="kischule.lab(model, tokenizer, …, temperature=0.7, seed=2)"))
        (snapshot,) = made(
            model,
            tokenizer,
            prompt_text,
            [Setting(**beginning)],
            seed=seed,
            max_new_tokens=max_new_tokens,
        )
        return snapshot
    return Lab(model, tokenizer, prompt_text, seed, max_new_tokens, beginning)
