"""Models by name: the embedded one, the GPT-2 family, or a folder."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MINI = Path(__file__).parent / "mini"


@dataclass(frozen=True)
class ModelInfo:
    """What can be loaded under a name."""

    name: str
    repository: str | None  # on the Hugging Face hub; None: embedded
    parameters: int
    layers: int
    width: int

    @property
    def memory(self) -> int:
        """Bytes of the weights in float32."""
        return 4 * self.parameters


# Sizes: the model cards of openai-community on the Hugging Face hub; Radford et al. 2019, table 2.
FAMILY = {
    info.name: info
    for info in (
        ModelInfo("mini", None, 2_615_424, 4, 192),
        ModelInfo("gpt2", "openai-community/gpt2", 124_439_808, 12, 768),
        ModelInfo("gpt2-medium", "openai-community/gpt2-medium", 354_823_168, 24, 1024),
        ModelInfo("gpt2-large", "openai-community/gpt2-large", 774_030_080, 36, 1280),
        ModelInfo("gpt2-xl", "openai-community/gpt2-xl", 1_557_611_200, 48, 1600),
    )
}


class ModelUnavailableError(OSError):
    """A model that was asked for is not there. The message says what is, and what to do."""


def model_path(name: str = "mini") -> Path:
    """The folder of an embedded model, for `from_pretrained`.

    Raises ValueError for a name that is not embedded.
    """
    if name != "mini":
        raise ValueError(f"the only embedded model is 'mini', was: {name!r}")
    return MINI


def fingerprint(name: str = "mini") -> str:
    """An embedded model's name and the beginning of its weights' SHA-256."""
    weights = (model_path(name) / "model.safetensors").read_bytes()
    return f"{name}@{hashlib.sha256(weights).hexdigest()[:12]}"


def load(
    name: str = "mini", device: str = "auto"
) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """A tokenizer and its causal language model, in eval mode.

    name: 'mini' (embedded), 'gpt2', 'gpt2-medium', 'gpt2-large', 'gpt2-xl' (Hugging Face hub or
        its cache), or a folder that `from_pretrained` understands.
    device: 'auto' takes CUDA, else MPS, else the CPU; or any torch device.

    Raises ModelUnavailableError (an OSError), which says in one sentence what was asked for, what
    is there and what to do; ValueError for a device that this machine does not have.
    """
    target = _device(device)
    source = _source(name)
    for place in (target, "cpu"):
        if (kept := _kept.pop((name, place), None)) is not None:
            return kept[0], kept[1].to(target)

    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    progress = logging.is_progress_bar_enabled()
    if source == str(MINI):
        logging.disable_progress_bar()  # there is nothing to wait for
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        model = AutoModelForCausalLM.from_pretrained(source)
    except (OSError, ValueError) as error:
        if name not in FAMILY:
            reason = " ".join(str(error).split())[:300]
            raise ModelUnavailableError(f"the model in {name} cannot be read: {reason}") from error
        raise ModelUnavailableError(_what_to_do(name)) from error
    finally:
        if progress:
            logging.enable_progress_bar()
    return tokenizer, model.to(target).eval()


_kept: dict[tuple[str, str], tuple[Any, Any]] = {}


def keep(name: str = "mini", device: str = "cpu") -> None:
    """Load a model ahead: the next `load` of it on this device gets that one, at no cost.

    For a process that is forked afterwards: each child has it without loading, and shares its
    memory with the others as long as nobody writes to it.
    """
    _kept[name, device] = load(name, device)


def where(name: str) -> Path | None:
    """The folder in which a model of the family lies on this machine; None: not downloaded."""
    repository = FAMILY[name].repository
    if repository is None:
        return MINI
    from huggingface_hub import try_to_load_from_cache

    for file in ("model.safetensors", "pytorch_model.bin"):
        found = try_to_load_from_cache(repository, file)
        if isinstance(found, str):
            return Path(found).parent
    return None


def _device(name: str) -> str:
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(f"device must be one that torch has here, was: {name!r}") from error
    return name


def _source(name: str) -> str:
    """What `from_pretrained` is given for a name."""
    if name in FAMILY:
        return FAMILY[name].repository or str(MINI)
    if (Path(name) / "config.json").is_file():
        return name
    raise ModelUnavailableError(_what_to_do(name))


def _what_to_do(name: str) -> str:
    known = ", ".join(FAMILY)
    if name not in FAMILY:
        return (
            f"there is no model {name!r}: it is neither one of {known} nor a folder with a "
            "config.json; choose one of these names or give the folder's path"
        )
    if name == "mini":
        return f"the embedded model in {MINI} cannot be read; install kischule again"
    return (
        f"the model {name!r} is neither in the cache nor could the Hugging Face hub be reached "
        f"({os.environ.get('HF_ENDPOINT', 'huggingface.co')}); connect once to download it, point "
        "HF_HOME to a cache that has it, or use load('mini'), which needs no network"
    )
