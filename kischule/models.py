"""Models by name: the embedded one, the GPT-2 family, or a folder."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kischule.words import number, word

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MINI = Path(__file__).parent / "mini"

# A folder that a class shares, with a subfolder a model (`gpt2/config.json` ...): looked at first.
SHARED_VARIABLE = "KISCHULE_MODELS"

# What is fetched from a model's repository, the weights last. Weights in other formats are never
# read: opening them can run code.
WEIGHTS = "model.safetensors"
NEEDED = ("config.json", "tokenizer.json", WEIGHTS)
FILES = ("config.json", "generation_config.json", "tokenizer_config.json", *NEEDED[1:])


@dataclass(frozen=True)
class ModelInfo:
    """What can be loaded under a name."""

    name: str
    repository: str | None  # on the Hugging Face hub; None: embedded, or in a package
    parameters: int
    layers: int
    width: int
    download: int = 0  # bytes of the weights' file; more than the parameters: masks lie in it
    revision: str | None = None  # the commit that is loaded; None: what the hub calls main
    sha256: str | None = None  # of the weights' file

    @property
    def memory(self) -> int:
        """Bytes of the weights in float32."""
        return 4 * self.parameters


# Sizes: the model cards of openai-community on the Hugging Face hub; Radford et al. 2019, table 2.
# Revisions: gpt2's is the one that huggingface_hub itself documents (`resolve_revision`); the
# others are those of h2o_sonar (H2O.ai; REVISIONS_FOR_MODEL). The hub's pages agree for gpt2-medium
# (6dcaa7a is its main) and gpt2-xl (the tree of this commit).
# Hashes and megabytes: the hub's pages of the files. The weights did not change after the commits
# "Adding `safetensors` variant of this model", of which those pages are.
FAMILY = {
    info.name: info
    for info in (
        ModelInfo("mini", None, 2_615_424, 4, 192),
        ModelInfo(
            "gpt2",
            "openai-community/gpt2",
            124_439_808,
            12,
            768,
            548_105_171,
            "607a30d783dfa663caf39e06633721c8d4cfcd7e",
            "248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707",
        ),
        ModelInfo(
            "gpt2-medium",
            "openai-community/gpt2-medium",
            354_823_168,
            24,
            1024,
            1_520_000_000,
            "6dcaa7a952f72f9298047fd5137cd6e4f05f41da",
            "fc5a354a19255ad494f3d71549390baca1ccf61d1d822b9408971705c687c9cd",
        ),
        ModelInfo(
            "gpt2-large",
            "openai-community/gpt2-large",
            774_030_080,
            36,
            1280,
            3_250_000_000,
            "32b71b12589c2f8d625668d2335a01cac3249519",
            "5f47f3e12f91cd33b662ce7e433b6150ad5512b5884a2cee961b50e9c3bbebce",
        ),
        ModelInfo(
            "gpt2-xl",
            "openai-community/gpt2-xl",
            1_557_611_200,
            48,
            1600,
            6_430_000_000,
            "15ea56dee5df4983c59b2538573817e1667135e2",
            "0f8b28eb05a8075f48b61b6f35332978c74fc7763fa9fb4051a1c30511736a6a",
        ),
        ModelInfo("smollm2", None, 134_515_008, 30, 576),
    )
}


class ModelUnavailableError(OSError):
    """A model that was asked for is not there. The message says what is, and what to do."""


class ModelUnsuitableError(ValueError):
    """A model that could be read cannot do the exercises. The message says why."""


def model_path(name: str = "mini") -> Path:
    """The folder of an embedded model, for `from_pretrained`.

    Raises ValueError for a name that is not embedded.
    """
    if name != "mini":
        raise ValueError(f"the only embedded model is 'mini', was: {name!r}")
    return MINI


@cache
def fingerprint(name: str = "mini") -> str:
    """A model's name and the beginning of a SHA-256: the same for the same outputs.

    Of the embedded model's weights; of another one's weights, configuration and tokenizer, wherever
    they lie. Raises ModelUnavailableError as `load` does.
    """
    if name == "mini":
        return f"{name}@{_sha256(MINI / WEIGHTS)[:12]}"
    folder, digest = _folder(name, "float32"), hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.suffix in (".safetensors", ".json", ".txt", ".model"):
            digest.update(f"{file.name} {_sha256(file)}\n".encode())
    return f"{Path(name).name}@{digest.hexdigest()[:12]}"


def load(
    name: str = "mini", device: str = "auto", dtype: str | None = None
) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """A tokenizer and its causal language model, in eval mode.

    name: 'mini' (embedded), 'gpt2', 'gpt2-medium', 'gpt2-large', 'gpt2-xl', 'smollm2' (from a
        package, see `kischule.smollm2`), or a folder that `AutoModelForCausalLM` loads. The
        GPT-2 family is looked for in the folder KISCHULE_MODELS, in the cache of the Hugging Face
        hub and then on the hub, at a fixed revision; HF_HOME, HF_HUB_OFFLINE and HF_ENDPOINT are
        followed.
    device: 'auto' takes CUDA, else MPS, else the CPU; or any torch device.
    dtype: of the weights, 'float32' (None), 'bfloat16', or 'float16' (not on the CPU).

    Nothing counts but what stands in the notebook, whatever the model's authors ship. There is one
    end token, `model.config.eos_token_id`: of several the tokenizer's, where it is one of them,
    else the first. `model.generate` has no settings but those of the call. The tokenizer adds no
    tokens of its own: where a model wants a begin token, as Gemma does, begin the prompt with
    `tokenizer.bos_token`.

    Raises ModelUnavailableError (an OSError), which says in one sentence what was asked for, what
    is there and what to do; ModelUnsuitableError (a ValueError) for a model that the exercises
    cannot use; ValueError for a device that this machine does not have or a dtype that it cannot
    use.
    """
    from kischule import suitable

    target = _device(device)
    kind = _dtype(dtype, target)
    if kind == "float32":
        for place in (target, "cpu"):
            if (kept := _kept.pop((name, place), None)) is not None:
                return kept[0], kept[1].to(target)
    tokenizer, model = _read(name, _folder(name, kind), kind)
    suitable.settle(tokenizer, model)
    suitable.check(name, tokenizer, model)
    model = model.to(target).eval()
    if name not in FAMILY:  # those are known to do it, and should load fast
        suitable.try_out(name, tokenizer, model)
    return tokenizer, model


_kept: dict[tuple[str, str], tuple[Any, Any]] = {}


def keep(name: str = "mini", device: str = "cpu") -> None:
    """Load a model ahead: the next `load` of it on this device gets that one, at no cost.

    For a process that is forked afterwards: each child has it without loading, and shares its
    memory with the others as long as nobody writes to it.
    """
    _kept[name, device] = load(name, device)


def where(name: str) -> Path | None:
    """The folder in which a model of the family lies on this machine; None: not downloaded."""
    info = FAMILY[name]
    if name == "mini":
        return MINI
    if name == "smollm2":
        from kischule import smollm2

        return _shared(name) or smollm2.converted()
    return _shared(name) or _cached(info)


def elsewhere(name: str) -> tuple[dict[str, str], tuple[Path, ...]]:
    """What another process needs to load a model from where it lies here.

    Variables of the environment, and folders and files outside of this package. The model must be
    on this machine already.
    """
    if name == "mini":
        return {}, ()
    folder = _folder(name, "float32").absolute()
    # the hub's cache, and who shares weights, have links in it
    targets = {file.resolve() for file in folder.iterdir()} - set(folder.resolve().iterdir())
    return _variables(name), (folder, *sorted(targets))


def _variables(name: str) -> dict[str, str]:
    """By which `where` finds a model, as absolute paths."""
    from huggingface_hub import constants

    from kischule import smollm2

    if name not in FAMILY:
        return {}
    if _shared(name):
        return {SHARED_VARIABLE: str(Path(os.environ[SHARED_VARIABLE]).expanduser().absolute())}
    if name == "smollm2":
        return {smollm2.CACHE_VARIABLE: str(smollm2.cache().absolute())}
    return {"HF_HUB_CACHE": str(Path(constants.HF_HUB_CACHE).absolute())}


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


def _dtype(name: str | None, device: str) -> str:
    kind = "float32" if name is None else name
    if kind not in _BYTES:
        raise ValueError(f"dtype must be None or one of {', '.join(_BYTES)}, was: {name!r}")
    if kind == "float16" and device.split(":")[0] == "cpu":
        raise ValueError(
            "dtype must be 'float32' or 'bfloat16' on the CPU, which is slow and inexact with "
            f"half precision, was: {name!r}"
        )
    return kind


_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}


# --- where the files are ------------------------------------------------------------------------


def _folder(name: str, kind: str) -> Path:
    """The folder with the files of a model, after a download where it has to be."""
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
        from kischule import smollm2

        return smollm2.folder()
    return _fetch(FAMILY[name], kind)


def _shared(name: str) -> Path | None:
    """The model's subfolder of the folder that the class shares."""
    if not (shared := os.environ.get(SHARED_VARIABLE)):
        return None
    folder = Path(shared).expanduser() / name
    return folder if (folder / "config.json").is_file() else None


def _cached(info: ModelInfo) -> Path | None:
    """The model's folder in the cache of the hub; None where a file that is needed lacks."""
    from huggingface_hub import try_to_load_from_cache

    found = [try_to_load_from_cache(info.repository, f, revision=info.revision) for f in NEEDED]
    return Path(found[-1]).parent if all(isinstance(f, str) for f in found) else None


def _fetch(info: ModelInfo, kind: str) -> Path:
    """Download what the cache lacks, files one by one, and check the weights' hash."""
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    cache = Path(constants.HF_HUB_CACHE)
    if constants.HF_HUB_OFFLINE:
        raise ModelUnavailableError(
            f"the model {info.name!r} is not in the cache {cache}, and HF_HUB_OFFLINE forbids to "
            f"ask the Hugging Face hub; unset it and connect once to download it, {_HELP}"
        )
    file, started = FILES[0], False
    try:
        # One question without the client's patience, which is half a minute: what is wrong with
        # the network or the repository is said at once.
        get_hf_file_metadata(hf_hub_url(info.repository, file, revision=info.revision))
        started = True
        for file in FILES:
            if file == WEIGHTS:
                _announce(info, kind, cache)
            try:
                found = hf_hub_download(info.repository, file, revision=info.revision)
            except EntryNotFoundError as error:
                if file in NEEDED or isinstance(error, LocalEntryNotFoundError):
                    raise
    except ModelUnavailableError:
        raise
    except Exception as error:  # those of the client's HTTP library have no common name
        raise ModelUnavailableError(_what_failed(info, file, started, error)) from error
    weights = Path(found)
    if info.sha256 not in (None, was := _sha256(weights)):
        weights.resolve().unlink()
        weights.unlink(missing_ok=True)
        raise ModelUnavailableError(
            f"the weights of {info.name!r} from {constants.ENDPOINT} are not the ones that are "
            f"known (SHA-256 {str(info.sha256)[:12]}, was: {was[:12]}) and were removed; call load "
            f"again, or {_HELP}"
        )
    return weights.parent


def _announce(info: ModelInfo, kind: str, cache: Path) -> None:
    """Say on stderr what a download will take. Raises where the disk has no room for it."""
    there = next(folder for folder in (cache, *cache.parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    if free < info.download:
        raise ModelUnavailableError(_no_room(info, cache, f"{free / 1e6:.0f} MB are free"))
    sizes = {
        "download": _size(info.download),
        "free": _size(free),
        "memory": _size(_BYTES[kind] * info.parameters),
    }
    print(word("download", name=info.name, **sizes), file=sys.stderr, flush=True)


def _size(count: int) -> str:
    """Bytes in the notebook's language: `548 MB`, `1,5 GB`."""
    return f"{number(count / 1e9, 1)} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


# --- what went wrong ----------------------------------------------------------------------------

_HELP = (
    f"point {SHARED_VARIABLE} to a folder or HF_HOME to a cache that has it, or use load('mini'), "
    "which needs no network"
)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)


def _what_failed(info: ModelInfo, file: str, started: bool, error: Exception) -> str:
    """The sentence for what the hub's client raised while it fetched this file."""
    from huggingface_hub import constants

    hub, cache = constants.ENDPOINT, Path(constants.HF_HUB_CACHE)
    for each in _chain(error):
        code = each.errno if isinstance(each, OSError) else None
        if code in _NO_ROOM:
            return _no_room(info, cache, "the disk is full")
        if code in _NO_RIGHT:
            return (
                f"the model {info.name!r} cannot be stored in {cache} ({os.strerror(code)}); "
                f"point HF_HOME to a folder where you may write, or {_HELP}"
            )
    status = _status(error)
    if status in (401, 403):
        return (
            f"the hub {hub} refuses {info.repository} to whoever is logged in here ({status}); "
            f"check HF_TOKEN or `hf auth login`, or {_HELP}"
        )
    if status == 404:
        other = "; other formats are not read, as they can run code" * (file == WEIGHTS)
        return (
            f"the hub {hub} has no {file} of {info.repository} at revision "
            f"{info.revision or 'main'}{other}; check HF_ENDPOINT, or {_HELP}"
        )
    if status == 429:
        return (
            f"the hub {hub} was asked too often from here (429) and does not give "
            f"{info.repository} now; try again in some minutes, or {_HELP}"
        )
    if status is not None:
        return (
            f"the hub {hub} cannot give {info.repository} ({status}); try again later, or {_HELP}"
        )
    if started:
        return (
            f"the download of {file} of {info.name!r} from {hub} broke off; call load again, which "
            f"keeps the files that are complete, or {_HELP}"
        )
    return (
        f"the model {info.name!r} is neither in the cache {cache} nor could the Hugging Face hub "
        f"be reached ({hub}); connect once to download it, {_HELP}"
    )


def _no_room(info: ModelInfo, cache: Path, there: str) -> str:
    return (
        f"the model {info.name!r} needs {info.download / 1e6:.0f} MB in {cache}, but {there}; free "
        f"some, point HF_HOME to another disk, or {_HELP}"
    )


def _status(error: Exception) -> int | None:
    """The HTTP status that an exception is about."""
    responses = (getattr(each, "response", None) for each in _chain(error))
    return next((int(r.status_code) for r in responses if r is not None), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


# --- reading ------------------------------------------------------------------------------------


def _read(name: str, folder: Path, kind: str) -> tuple[Any, Any]:
    """Tokenizer and model from a folder: safetensors only, and no code that lies beside them."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    from kischule import suitable

    safely = {"trust_remote_code": False, "local_files_only": True}
    progress = logging.is_progress_bar_enabled()
    if folder == MINI:
        logging.disable_progress_bar()  # there is nothing to wait for
    try:
        suitable.check_kind(name, AutoConfig.from_pretrained(folder, **safely))
        tokenizer = AutoTokenizer.from_pretrained(folder, **safely)
        model, facts = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=getattr(torch, kind),
            use_safetensors=True,
            output_loading_info=True,
            **safely,
        )
    except (ModelUnsuitableError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # what the readers of so many formats raise has no common name
        reason = suitable.unknown(folder) or " ".join(str(error).split())[:300]
        advice = "install kischule again" if folder == MINI else "replace this folder"
        if folder.parent.name == "snapshots":  # of the cache: its blobs have to go as well
            advice = f"delete {folder.parents[1]} and call load again"
        raise ModelUnavailableError(
            f"the model in {folder} cannot be read: {reason}; {advice}"
        ) from error
    finally:
        if progress:
            logging.enable_progress_bar()
    if lacking := sorted(facts["missing_keys"]):
        raise ModelUnsuitableError(
            f"{name}: the weights must be complete, {len(lacking)} lack: {lacking[0]} ..."
        )
    return tokenizer, model
