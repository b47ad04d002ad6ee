"""Any causal language model in the form that the exercises rely on, or the reason it cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kischule import messages
from kischule.errors import ModelUnsuitableError, PromptError

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MIN_WINDOW = 64  # tokens that the exercises need
TRIAL_TEXT = "What is artificial Intelligence? It "  # for trying out tokenizers and models
# names of the window in a configuration; `max_seq_len`: MPT
_WINDOW_NAMES = ("max_position_embeddings", "max_seq_len")


def window(model: PreTrainedModel) -> int | None:
    """Number of tokens that the model sees at once; None: no known limit, as for BLOOM or Mamba."""
    config = text_config(model.config)
    return next((size for n in _WINDOW_NAMES if (size := getattr(config, n, None))), None)


def explain_window(model: PreTrainedModel) -> None:
    """Let a GPT-2 say in words that a text is longer than its window; torch raises IndexError."""
    positions = getattr(model.base_model, "wpe", None)
    if positions is not None:
        positions.register_forward_pre_hook(_refuse_positions)


def _refuse_positions(embedding: Any, arguments: tuple[Tensor, ...]) -> None:
    """Raise PromptError for a position that the embedding does not have."""
    length, limit = int(arguments[0].max()) + 1, embedding.num_embeddings
    if length > limit:
        raise PromptError(str(messages.TEXT_TOO_LONG.format(was=length, limit=limit)))


def text_config(config: Any) -> Any:
    """The part of a configuration that is about text: usually all of it."""
    text_part = getattr(config, "get_text_config", None)
    return text_part(decoder=True) if text_part else config


def check_architecture(name: str, config: Any) -> None:
    """Raise ModelUnsuitableError unless the architecture is made to continue a single text."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING

    # BART and its relatives can be loaded without their encoders, and then write nonsense
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING or config.is_encoder_decoder:
        raise ModelUnsuitableError(
            f"{name}: the architecture must be a decoder-only causal language model, "
            f"was: {config.model_type}"
        )


def unknown_architecture(folder: Path) -> str | None:
    """A sentence for an architecture that transformers does not have; None for known ones."""
    import transformers

    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # another problem than the architecture: the caller knows it
    if kind in transformers.CONFIG_MAPPING:
        return None
    return (
        f"transformers {transformers.__version__} has no architecture {kind!r}, and code beside a "
        "model is never run"
    )


def neutralize(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> None:
    """Remove everything that would have an effect without being written in the notebook.

    See `kischule.load` for the result.
    """
    from transformers import GenerationConfig

    configs = (model.config, text_config(model.config), model.generation_config)
    end, begin = _end_token(tokenizer, configs), _begin_token(configs)
    for config in configs[:2]:
        config.eos_token_id = end
    # No token for padding: `generate` would hide that token wherever it stands in a prompt.
    model.generation_config = GenerationConfig(bos_token_id=begin, eos_token_id=end)
    if getattr(model.config, "vocab_size", None) is None:  # only the part about text has it
        model.config.vocab_size = text_config(model.config).vocab_size

    if end is not None and end < len(tokenizer) and end != tokenizer.eos_token_id:
        tokenizer.add_special_tokens({"eos_token": tokenizer.convert_ids_to_tokens(end)})
    tokenizer.clean_up_tokenization_spaces = False
    if tokenizer(TRIAL_TEXT).input_ids != _plain_ids(tokenizer):
        tokenizer.add_bos_token = tokenizer.add_eos_token = False  # drops any template
    # generate(**tokenizer(prompt_text)) would not accept token types
    accepted = ("input_ids", "attention_mask")
    tokenizer.model_input_names = [n for n in tokenizer.model_input_names if n in accepted]


def _end_token(tokenizer: PreTrainedTokenizerBase, configs: tuple[Any, ...]) -> int | None:
    """The tokenizer's end token if a configuration has it too, else the configurations' first."""
    given = [getattr(config, "eos_token_id", None) for config in configs]
    ends = [i for ids in given for i in (ids if isinstance(ids, list) else [ids]) if i is not None]
    return tokenizer.eos_token_id if tokenizer.eos_token_id in ends else next(iter(ends), None)


def _begin_token(configs: tuple[Any, ...]) -> int | None:
    begins = (getattr(config, "bos_token_id", None) for config in reversed(configs))
    return next((i for i in begins if i is not None), None)


def _plain_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Ids of TRIAL_TEXT without anything that the tokenizer may add."""
    return list(tokenizer.convert_tokens_to_ids(tokenizer.tokenize(TRIAL_TEXT)))


def check_parts(name: str, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> None:
    """Raise ModelUnsuitableError for a tokenizer or weights that would break the exercises' rules.

    Their failures would be hard to understand. Runs in a fraction of a second.
    """
    limit = window(model)
    if limit is not None and limit < MIN_WINDOW:
        raise ModelUnsuitableError(
            f"{name}: the window must have {MIN_WINDOW} tokens or more, was: {limit}"
        )
    end = model.config.eos_token_id
    if end is None:
        raise ModelUnsuitableError(
            f"{name}: the configuration must have an eos_token_id, which ends a text, was: None"
        )
    size = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > size:
        raise ModelUnsuitableError(
            f"{name}: the tokenizer must not have more tokens than the model ({size}), "
            f"was: {len(tokenizer)}; the two do not belong together"
        )
    if not 0 <= end < len(tokenizer):
        raise ModelUnsuitableError(
            f"{name}: the end token must be one of the tokenizer's {len(tokenizer)}, was: {end}"
        )
    ids, plain = tokenizer(TRIAL_TEXT).input_ids, _plain_ids(tokenizer)
    if ids != plain:
        raise ModelUnsuitableError(
            f"{name}: the tokenizer must not add tokens to a text, {TRIAL_TEXT!r} became "
            f"{tokenizer.decode(ids)!r}"
        )
    if (decoded := tokenizer.decode(plain)) != TRIAL_TEXT:
        raise ModelUnsuitableError(
            f"{name}: the tokenizer must decode a text to what was encoded, {TRIAL_TEXT!r} became "
            f"{decoded!r}"
        )
    _check_weights(name, model)


def _check_weights(name: str, model: PreTrainedModel) -> None:
    """Raise ModelUnsuitableError if a weight is NaN or infinite."""
    import numpy as np

    # A sum is infinite or NaN if any of its terms is, and takes a thirtieth of the time of torch's
    # `isfinite`; numpy's needs no second thread, which a busy machine would have to wait for.
    with np.errstate(invalid="ignore"):
        for key, weights in model.named_parameters():
            if not np.isfinite(weights.detach().float().numpy().sum()):
                raise ModelUnsuitableError(
                    f"{name}: all weights must be finite, {key} has NaN or infinity"
                )


def check_predictions(
    name: str, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel
) -> None:
    """Raise ModelUnsuitableError for a model whose predictions break the exercises' rules.

    A prediction must not depend on later tokens, or a text has no probability. Predictions must be
    the same with a cache and in a batch, or a student's own loop differs from `generate`.
    """
    import torch

    architecture = type(model).__name__
    ids = torch.tensor([_plain_ids(tokenizer)], device=model.device)
    rows, length = ids.repeat(2, 1), ids.shape[1]
    try:
        with torch.no_grad():
            # the prediction after the text, and the same one with more tokens behind it
            alone = model(ids).logits[0, -1].float()
            followed = model(ids.repeat(1, 2)).logits[0, length - 1].float()
            # three tokens one by one, with a cache and in a batch; then all in one pass
            generated = model.generate(
                rows,
                attention_mask=torch.ones_like(rows),
                max_new_tokens=3,
                eos_token_id=None,
                output_logits=True,
                return_dict_in_generate=True,
            )
            one_by_one = torch.stack(generated.logits, 1).float()
            at_once = model(generated.sequences[:1, :-1]).logits[0, length - 1 :].float()
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelUnsuitableError(
            f"{name}: the model must continue a prompt given as token ids, {architecture} raised "
            f"{type(error).__name__}: {reason}"
        ) from error
    # differences by rounding are far smaller, real ones far larger
    tolerance = float(alone.max() - alone.min()) * (1e-3 if model.dtype == torch.float32 else 0.1)
    if not float((alone - followed).abs().max()) <= tolerance:
        raise ModelUnsuitableError(
            f"{name}: each prediction must depend only on the tokens before it, {architecture}'s "
            "also depend on later ones"
        )
    if not float((one_by_one - at_once).abs().max()) <= tolerance:
        raise ModelUnsuitableError(
            f"{name}: a model must predict the same token by token, in a batch, as at once, "
            f"{architecture}'s predictions differ"
        )
