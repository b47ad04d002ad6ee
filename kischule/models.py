"""Loading of models by name: the embedded one, the GPT-2 family, SmolLM2 or a folder."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kischule import compat, hub, messages, smollm2
from kischule.bars import bars_for
from kischule.catalog import FAMILY, MINI_FOLDER, SHARED_VARIABLE, WEIGHTS
from kischule.errors import ArgumentError, ModelUnavailableError, ModelUnsuitableError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_BYTES_PER_WEIGHT = {"float32": 4, "float16": 2, "bfloat16": 2}


def load(
    name: str = "mini",
    device: str = "auto",
    dtype: str | None = None,
    threads: int | None = None,
) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """A tokenizer and its causal language model, in eval mode.

    name: 'mini' (embedded), 'gpt2', 'gpt2-medium', 'gpt2-large', 'gpt2-xl', 'smollm2' (from a
        package, see `kischule.smollm2`), or a folder that `AutoModelForCausalLM` loads. The
        GPT-2 family is searched for in the folder KISCHULE_MODELS, in the cache of the Hugging Face
        hub and then on the hub, at a fixed revision; HF_HOME, HF_HUB_OFFLINE and HF_ENDPOINT are
        respected.
    device: 'auto' takes CUDA, else MPS, else the CPU; or any torch device.
    dtype: of the weights, 'float32' (None), 'bfloat16', or 'float16' (not on the CPU).
    threads: with which torch computes on the CPU from now on, in this process. None: one for
        'mini', which is so small that a second one on a busy machine makes it many times slower;
        for any other model as many as torch chose.

    Only settings in the notebook have an effect, never those shipped with the model. There is one
    end token, `model.config.eos_token_id`: of several the tokenizer's, if it is one of them,
    else the first. `model.generate` has no settings but those of the call. The tokenizer adds no
    tokens: if a model needs a begin token, as Gemma does, begin the prompt with
    `tokenizer.bos_token`. On the CPU and in float32 'mini' computes only the new tokens of a text
    that goes on, see `kischule.prefixes`.

    Raises ModelUnavailableError (an OSError) with one sentence on what was asked for, what there is
    and what to do; ModelUnsuitableError (a ValueError) for a model that the exercises cannot use;
    ValueError for a device that this machine does not have or a dtype that it cannot use.
    """
    if not isinstance(name, str | Path):
        raise ArgumentError("name", messages.MODEL_NAME, name)
    name = str(name)
    target = _device(str(device))
    kind = _dtype(dtype, target)
    _use_threads(1 if threads is None and name == "mini" else threads)
    if kind == "float32":
        for place in (target, "cpu"):
            if (kept := _kept.pop((name, place), None)) is not None:
                return kept[0], kept[1].to(target)
    tokenizer, model = _read_model(name, _model_folder(name, kind), kind)
    compat.neutralize(tokenizer, model)
    compat.explain_window(model)
    compat.check_parts(name, tokenizer, model)
    model = model.to(target).eval()
    if name not in FAMILY:  # the family is known to pass, and should load fast
        compat.check_predictions(name, tokenizer, model)
    if name == "mini" and target == "cpu" and kind == "float32":
        from kischule.prefixes import remember  # not above: it takes torch and transformers

        remember(model)
    return tokenizer, model


_torchs_threads: list[int] = []  # how many torch chose, before this module changed that
_kept: dict[tuple[str, str], tuple[Any, Any]] = {}  # (name, device) -> (tokenizer, model)


def keep(name: str = "mini", device: str = "cpu") -> None:
    """Load a model in advance: the next `load` of it on this device returns it at no cost.

    For a process that is forked afterwards: each child has the model without loading it, and shares
    its memory with the others as long as nothing is written to it.
    """
    _kept[name, device] = load(name, device)


def model_path(name: str = "mini") -> Path:
    """The folder of an embedded model, for `from_pretrained`.

    Raises ValueError for any other name.
    """
    if name != "mini":
        raise ArgumentError("name", messages.EMBEDDED_MODEL, name)
    return MINI_FOLDER


@cache
def fingerprint(name: str = "mini") -> str:
    """A model's name and the beginning of a SHA-256, equal for models with equal outputs.

    The hash is over the embedded model's weights; for another model, over its weights,
    configuration and tokenizer, not their place. Raises ModelUnavailableError as `load` does.
    """
    if name == "mini":
        return f"{name}@{hub.sha256_of(MINI_FOLDER / WEIGHTS)[:12]}"
    folder, digest = _model_folder(name, "float32"), hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.suffix in (".safetensors", ".json", ".txt", ".model"):
            digest.update(f"{file.name} {hub.sha256_of(file)}\n".encode())
    return f"{Path(name).name}@{digest.hexdigest()[:12]}"


# --- device and dtype ---------------------------------------------------------------------------


def _device(name: str) -> str:
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ArgumentError("device", messages.DEVICE, name) from error
    return name


def _use_threads(count: int | None) -> None:
    """Let torch compute with so many threads; None: as many as it chose itself."""
    import torch

    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        raise ArgumentError("threads", messages.THREADS, count)
    if not _torchs_threads:
        _torchs_threads.append(torch.get_num_threads())
    count = _torchs_threads[0] if count is None else count
    if count != torch.get_num_threads():
        torch.set_num_threads(count)


def _dtype(name: str | None, device: str) -> str:
    kind = "float32" if name is None else name
    if not isinstance(kind, str) or kind not in _BYTES_PER_WEIGHT:
        rule = messages.DTYPE.format(known=", ".join(_BYTES_PER_WEIGHT))
        raise ArgumentError("dtype", rule, name)
    if kind == "float16" and device.split(":")[0] == "cpu":
        raise ArgumentError("dtype", messages.DTYPE_ON_CPU, name)
    return kind


# --- files --------------------------------------------------------------------------------------


def where(name: str) -> Path | None:
    """The folder of a model of the family on this machine; None: not downloaded."""
    info = FAMILY[name]
    if name == "mini":
        return MINI_FOLDER
    if (folder := _class_folder(name)) is not None:
        return folder
    return smollm2.converted() if name == "smollm2" else hub.cached(info)


def elsewhere(name: str) -> tuple[dict[str, str], tuple[Path, ...]]:
    """The environment and files with which another process loads a model on this machine.

    Returns variables for its environment, and the folders and files outside of this package. Raises
    ModelUnavailableError as `load` does.
    """
    if name == "mini":
        return {}, ()
    folder = _model_folder(name, "float32").absolute()
    # the hub's cache, and folders that share weights, consist of links
    targets = {file.resolve() for file in folder.iterdir()} - set(folder.resolve().iterdir())
    return _variables(name), (folder, *sorted(targets))


def _variables(name: str) -> dict[str, str]:
    """Environment variables with which `where` finds a model, as absolute paths."""
    if name not in FAMILY:
        return {}
    if _class_folder(name):
        return {SHARED_VARIABLE: str(Path(os.environ[SHARED_VARIABLE]).expanduser().absolute())}
    if name == "smollm2":
        return {smollm2.CACHE_VARIABLE: str(smollm2.cache().absolute())}
    return {"HF_HUB_CACHE": str(hub.cache_folder().absolute())}


def _model_folder(name: str, kind: str) -> Path:
    """The folder with the files of a model, downloaded if necessary."""
    if name not in FAMILY:
        if (Path(name) / "config.json").is_file():
            return Path(name)
        raise ModelUnavailableError(
            f"there is no model {name!r}: it is neither one of {', '.join(FAMILY)} nor a folder "
            "with a config.json; choose one of these names or give the folder's path"
        )
    if (found := where(name)) is not None:
        return found
    if name == "smollm2":
        return smollm2.folder()
    return hub.fetch(FAMILY[name], _BYTES_PER_WEIGHT[kind])


def _class_folder(name: str) -> Path | None:
    """The model's subfolder of the folder that the class shares; None if there is none."""
    if not (shared := os.environ.get(SHARED_VARIABLE)):
        return None
    folder = Path(shared).expanduser() / name
    return folder if (folder / "config.json").is_file() else None


def _read_model(name: str, folder: Path, kind: str) -> tuple[Any, Any]:
    """Tokenizer and model from a folder: only safetensors, and never code from the folder."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    safely = {"trust_remote_code": False, "local_files_only": True}
    try:
        compat.check_architecture(name, AutoConfig.from_pretrained(folder, **safely))
        tokenizer = AutoTokenizer.from_pretrained(folder, **safely)
        with bars_for(sum(path.stat().st_size for path in folder.glob("*.safetensors"))):
            model, facts = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=getattr(torch, kind),
                use_safetensors=True,
                output_loading_info=True,
                **safely,
            )
    except (ModelUnsuitableError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # the readers of so many formats have no common base class
        raise ModelUnavailableError(_unreadable_message(folder, error)) from error
    if missing := sorted(facts["missing_keys"]):
        raise ModelUnsuitableError(
            f"{name}: the weights must be complete, {len(missing)} missing: {missing[0]} ..."
        )
    return tokenizer, model


def _unreadable_message(folder: Path, error: Exception) -> str:
    """A sentence on a folder that cannot be read, with the reason and what to do."""
    reason = compat.unknown_architecture(folder) or " ".join(str(error).split())[:300]
    advice = "install kischule again" if folder == MINI_FOLDER else "replace this folder"
    if folder.parent.name == "snapshots":  # of the cache: its blobs have to go as well
        advice = f"delete {folder.parents[1]} and call load again"
    return f"the model in {folder} cannot be read: {reason}; {advice}"
