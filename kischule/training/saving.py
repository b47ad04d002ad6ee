"""A trained model on disk: saved whole or not at all, and loaded only where it fits."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from kischule.arguments import check_model, check_tokenizer
from kischule.bars import bars_for
from kischule.catalog import WEIGHTS
from kischule.errors import UserError
from kischule.training import messages

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MEGABYTE = 1e6


class SavingError(UserError, OSError):
    """A model that could not be saved; worded in the notebook's language."""


class CheckpointError(UserError, ValueError):
    """A folder that does not hold this model's weights; worded in the notebook's language."""


def save(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, folder: str | Path) -> Path:
    """Save tokenizer and model in a folder, which `kischule.load` takes as a name.

    A model that was saved there before is replaced, at the very end: after a failure it is whole.
    Raises SavingError where the disk is full or the folder cannot be written, and for a folder
    with anything else in it.
    """
    check_tokenizer(tokenizer)
    check_model(model)
    folder = Path(folder).absolute()
    if folder.exists() and not (folder / WEIGHTS).is_file():
        name = next((path.name for path in folder.iterdir()), "") if folder.is_dir() else "…"
        if name:
            raise SavingError(str(messages.IN_THE_WAY.format(folder=folder, name=name)))
    parent = folder.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent, prefix=".saving-") as place:
            new, old = Path(place, "new"), Path(place, "old")
            with bars_for(model.get_memory_footprint()):
                model.save_pretrained(new)
            tokenizer.save_pretrained(new)
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
    except (OSError, SafetensorError) as error:
        free = shutil.disk_usage(next(p for p in (parent, *parent.parents) if p.exists())).free
        told = messages.NOT_SAVED.format(
            folder=folder,
            reason=getattr(error, "strerror", None) or error,
            size=model.get_memory_footprint() / MEGABYTE,
            free=free / MEGABYTE,
        )
        raise SavingError(str(told)) from error
    return folder


def load_weights(model: PreTrainedModel, folder: str | Path) -> None:
    """Put the weights that `save` wrote into a model of the same shape.

    Raises CheckpointError for a folder without weights and for those of another model.
    """
    check_model(model)
    folder = Path(folder)
    try:
        with safe_open(folder / WEIGHTS, framework="pt") as file:
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        told = messages.NO_CHECKPOINT.format(folder=folder, file=WEIGHTS)
        raise CheckpointError(str(told)) from error
    own = model.state_dict()
    # the output layer of GPT-2 is its embedding, and is saved once
    tied = {name for name in own if name not in found and _twin(own, name) in found}
    for name in sorted({*own, *found} - tied):
        here, there = (tuple(w[name].shape) if name in w else "–" for w in (own, found))
        if here != there:
            told = messages.ANOTHER_MODEL.format(folder=folder, name=name, there=there, here=here)
            raise CheckpointError(str(told))
    model.load_state_dict(found, strict=False)


def _twin(weights: dict, name: str) -> str:  # type: ignore[type-arg]
    """Another name of the same tensor; "" if it has none."""
    place = weights[name].data_ptr()
    return next((n for n, w in weights.items() if n != name and w.data_ptr() == place), "")
