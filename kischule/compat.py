"""Any causal language model as the exercises take it for granted, or why it cannot be one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kischule.inputs import text_config, window
from kischule.models import ModelUnsuitableError

WINDOW = 64  # tokens that the exercises need at least
TEXT = "What is artificial Intelligence? It "  # on which tokenizers and models are tried


def check_kind(name: str, config: Any) -> None:
    """Refuse what is not made to continue one text."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING

    # BART and its relatives can be loaded without their encoders, and then write nonsense
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING or config.is_encoder_decoder:
        raise ModelUnsuitableError(
            f"{name}: the architecture must be a causal language model, a decoder alone, "
            f"was: {config.model_type}"
        )


def unknown(folder: Path) -> str | None:
    """Why an architecture that transformers does not have cannot be read; None for others."""
    import transformers

    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if kind in transformers.CONFIG_MAPPING:
        return None
    return (
        f"transformers {transformers.__version__} has no architecture {kind!r}, and code that lies "
        "beside a model is never run"
    )


def settle(tokenizer: Any, model: Any) -> None:
    """Take away what would have an effect without standing in the notebook; see `load`."""
    from transformers import GenerationConfig

    configs = (model.config, text_config(model.config), model.generation_config)
    named = [getattr(config, "eos_token_id", None) for config in configs]
    ends = [i for ids in named for i in (ids if isinstance(ids, list) else [ids]) if i is not None]
    end = tokenizer.eos_token_id if tokenizer.eos_token_id in ends else next(iter(ends), None)
    begins = (getattr(config, "bos_token_id", None) for config in reversed(configs))
    begin = next((i for i in begins if i is not None), None)
    for config in configs[:2]:
        config.eos_token_id = end
    # without a token to pad with: `generate` would hide it where it stands in a prompt
    model.generation_config = GenerationConfig(bos_token_id=begin, eos_token_id=end)
    if getattr(model.config, "vocab_size", None) is None:  # it stands in a part only
        model.config.vocab_size = text_config(model.config).vocab_size

    if end is not None and end < len(tokenizer) and end != tokenizer.eos_token_id:
        tokenizer.add_special_tokens({"eos_token": tokenizer.convert_ids_to_tokens(end)})
    tokenizer.clean_up_tokenization_spaces = False
    if tokenizer(TEXT).input_ids != _plain_ids(tokenizer):
        tokenizer.add_bos_token = tokenizer.add_eos_token = False  # drops any template
    # generate(**tokenizer(prompt_text)) would stumble over token types
    known = ("input_ids", "attention_mask")
    tokenizer.model_input_names = [n for n in tokenizer.model_input_names if n in known]


def _plain_ids(tokenizer: Any) -> list[int]:
    return list(tokenizer.convert_tokens_to_ids(tokenizer.tokenize(TEXT)))


def check(name: str, tokenizer: Any, model: Any) -> None:
    """Refuse a model on which the exercises' rules would fail in ways that nobody understands."""
    import numpy as np

    limit = window(model)
    if limit is not None and limit < WINDOW:
        raise ModelUnsuitableError(
            f"{name}: the window must have {WINDOW} tokens or more, was: {limit}"
        )
    end = model.config.eos_token_id
    if end is None:
        raise ModelUnsuitableError(
            f"{name}: the configuration must name an eos_token_id, where a text ends, was: None"
        )
    size = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > size:
        raise ModelUnsuitableError(
            f"{name}: the tokenizer must not have more tokens than the model ({size}), "
            f"was: {len(tokenizer)}; these two do not belong together"
        )
    if not 0 <= end < len(tokenizer):
        raise ModelUnsuitableError(
            f"{name}: the end token must be one of the tokenizer's {len(tokenizer)}, was: {end}"
        )
    ids, plain = tokenizer(TEXT).input_ids, _plain_ids(tokenizer)
    if ids != plain:
        raise ModelUnsuitableError(
            f"{name}: the tokenizer must add no tokens of its own to a text, {TEXT!r} became "
            f"{tokenizer.decode(ids)!r}"
        )
    if (back := tokenizer.decode(plain)) != TEXT:
        raise ModelUnsuitableError(
            f"{name}: the tokenizer must give a text back as it was, {TEXT!r} came back as {back!r}"
        )
    # A sum is infinite or NaN if any of its terms is, and takes a thirtieth of the time of torch's
    # `isfinite`; numpy's needs no second thread, for which a busy machine would wait.
    with np.errstate(invalid="ignore"):
        for key, weights in model.named_parameters():
            if not np.isfinite(weights.detach().float().numpy().sum()):
                raise ModelUnsuitableError(
                    f"{name}: all weights must be finite, {key} has NaN or infinity"
                )


def try_out(name: str, tokenizer: Any, model: Any) -> None:
    """Refuse a model that predicts in other ways than the exercises take for granted.

    It must look at nothing that comes later, or no text has a probability; and come to the same
    with its cache and in a batch, or a loop of one's own does not give what `generate` gives.
    """
    import torch

    kind = type(model).__name__
    ids = torch.tensor([_plain_ids(tokenizer)], device=model.device)
    rows, length = ids.repeat(2, 1), ids.shape[1]
    try:
        with torch.no_grad():
            alone = model(ids).logits[0, -1].float()
            longer = model(ids.repeat(1, 2)).logits[0, length - 1].float()
            made = model.generate(
                rows,
                attention_mask=torch.ones_like(rows),
                max_new_tokens=3,
                eos_token_id=None,
                output_logits=True,
                return_dict_in_generate=True,
            )
            whole = model(made.sequences[:1, :-1]).logits[0, length - 1 :].float()
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelUnsuitableError(
            f"{name}: the model must continue a prompt given as token ids, {kind} raised "
            f"{type(error).__name__}: {reason}"
        ) from error
    # rounding is far below, what is wrong far above
    allowed = float(alone.max() - alone.min()) * (1e-3 if model.dtype == torch.float32 else 0.1)
    if not float((alone - longer).abs().max()) <= allowed:
        raise ModelUnsuitableError(
            f"{name}: each prediction must depend on the tokens before it alone, {kind}'s also "
            "depends on those after it"
        )
    if not float((torch.stack(made.logits, 1).float() - whole).abs().max()) <= allowed:
        raise ModelUnsuitableError(
            f"{name}: a model must predict the same token by token, in a batch, as at once, "
            f"{kind}'s predictions differ"
        )
