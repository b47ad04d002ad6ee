"""Download of GPT-2 from the Hugging Face hub, and a sentence for everything that can go wrong."""

import errno
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from kischule import messages
from kischule.catalog import FILES, REQUIRED_FILES, SHARED_VARIABLE, WEIGHTS, ModelInfo
from kischule.errors import ModelUnavailableError
from kischule.i18n import number


def cache_folder() -> Path:
    """The hub's cache on this machine, as HF_HOME and HF_HUB_CACHE set it."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def cached(info: ModelInfo) -> Path | None:
    """The model's folder in the hub's cache; None if a required file is missing."""
    from huggingface_hub import try_to_load_from_cache

    found = [
        try_to_load_from_cache(info.repository, name, revision=info.revision)
        for name in REQUIRED_FILES
    ]
    return Path(found[-1]).parent if all(isinstance(path, str) for path in found) else None


def fetch(info: ModelInfo, bytes_per_weight: int) -> Path:
    """The model's folder, after a download of the files that the cache lacks.

    bytes_per_weight: of the dtype in which the model will be loaded, for the line on stderr that
        announces the download. Raises ModelUnavailableError for anything that goes wrong.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise ModelUnavailableError(
            f"the model {info.name!r} is not in the cache {cache_folder()}, and HF_HUB_OFFLINE "
            f"forbids asking the Hugging Face hub; unset it and connect once to download it, "
            f"{_HELP}"
        )
    weights = _download(info, bytes_per_weight)
    digest = sha256_of(weights)
    if info.sha256 not in (None, digest):
        # the cache links to its files: both the file and the link have to go
        weights.resolve().unlink()
        weights.unlink(missing_ok=True)
        raise ModelUnavailableError(
            f"the weights of {info.name!r} from {constants.ENDPOINT} are not the published ones "
            f"(SHA-256 {str(info.sha256)[:12]}, was: {digest[:12]}) and were removed; call load "
            f"again, or {_HELP}"
        )
    return weights.parent


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _download(info: ModelInfo, bytes_per_weight: int) -> Path:
    """Fetch the files one by one, the weights last; returns the weights' file."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    file, started = FILES[0], False
    try:
        # A single request without the client's retries, which take half a minute: problems with
        # the network or the repository are reported at once.
        get_hf_file_metadata(hf_hub_url(info.repository, file, revision=info.revision))
        started = True
        for file in FILES:
            if file == WEIGHTS:
                _announce(info, bytes_per_weight, cache_folder())
            try:
                found = hf_hub_download(info.repository, file, revision=info.revision)
            except EntryNotFoundError as error:
                if file in REQUIRED_FILES or isinstance(error, LocalEntryNotFoundError):
                    raise
    except ModelUnavailableError:
        raise
    except Exception as error:  # the client's HTTP library has no common base class
        raise ModelUnavailableError(_explanation(info, file, started, error)) from error
    return Path(found)


def _announce(info: ModelInfo, bytes_per_weight: int, cache: Path) -> None:
    """Print the sizes of a download on stderr. Raises ModelUnavailableError if the disk is full."""
    existing = next(folder for folder in (cache, *cache.parents) if folder.is_dir())
    free = shutil.disk_usage(existing).free
    if free < info.download:
        raise ModelUnavailableError(_no_room(info, cache, f"only {free / 1e6:.0f} MB are free"))
    line = messages.DOWNLOAD.format(
        name=info.name,
        download=_size_text(info.download),
        free=_size_text(free),
        memory=_size_text(bytes_per_weight * info.parameters),
    )
    print(line, file=sys.stderr, flush=True)


def _size_text(count: int) -> str:
    """Bytes in the notebook's language: `548 MB`, `1,5 GB`."""
    return f"{number(count / 1e9, 1)} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


# --- explanations -------------------------------------------------------------------------------

_HELP = (
    f"point {SHARED_VARIABLE} to a folder or HF_HOME to a cache that has it, or use load('mini'), "
    "which needs no network"
)
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


def _explanation(info: ModelInfo, file: str, started: bool, error: Exception) -> str:
    """A sentence for what the hub's client raised.

    file: the one being fetched. started: the hub had already answered a request.
    """
    from huggingface_hub import constants

    hub, cache = constants.ENDPOINT, cache_folder()
    for cause in _chain(error):
        code = cause.errno if isinstance(cause, OSError) else None
        if code in _DISK_FULL:
            return _no_room(info, cache, "the disk is full")
        if code in _NOT_WRITABLE:
            return (
                f"the model {info.name!r} cannot be stored in {cache} ({os.strerror(code)}); "
                f"point HF_HOME to a folder that you can write to, or {_HELP}"
            )
    status = _http_status(error)
    if status is not None:
        return f"{_refusal(info, file, hub, status)}, or {_HELP}"
    if started:
        return (
            f"the download of {file} of {info.name!r} from {hub} was interrupted; call load again, "
            f"which keeps the files that are complete, or {_HELP}"
        )
    return (
        f"the model {info.name!r} is not in the cache {cache}, and the Hugging Face hub could not "
        f"be reached ({hub}); connect once to download it, {_HELP}"
    )


def _refusal(info: ModelInfo, file: str, hub: str, status: int) -> str:
    """The hub's refusal in words, and the first thing to try."""
    if status in (401, 403):
        return (
            f"the hub {hub} denies you access to {info.repository} ({status}); check HF_TOKEN or "
            "`hf auth login`"
        )
    if status == 404:
        other = "; other formats are not read, as they can run code" if file == WEIGHTS else ""
        return (
            f"the hub {hub} has no {file} of {info.repository} at revision "
            f"{info.revision or 'main'}{other}; check HF_ENDPOINT"
        )
    if status == 429:
        return (
            f"the hub {hub} does not send {info.repository}, as it received too many requests "
            "from here (429); try again in a few minutes"
        )
    return f"the hub {hub} cannot send {info.repository} ({status}); try again later"


def _no_room(info: ModelInfo, cache: Path, free: str) -> str:
    return (
        f"the model {info.name!r} needs {info.download / 1e6:.0f} MB in {cache}, but {free}; free "
        f"some space, point HF_HOME to another disk, or {_HELP}"
    )


def _http_status(error: Exception) -> int | None:
    """The HTTP status behind an exception; None if the hub gave no answer."""
    responses = (getattr(cause, "response", None) for cause in _chain(error))
    return next((int(r.status_code) for r in responses if r is not None), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and those that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
