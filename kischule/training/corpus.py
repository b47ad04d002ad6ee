"""From texts to batches: reading a file, splitting by text, blocks of tokens, padding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from kischule.arguments import check_tokenizer, token_list, whole_number
from kischule.errors import ArgumentError, UserError
from kischule.training import messages

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

END = "<|endoftext|>"
IGNORED = -100  # label of a token that is not trained on: what torch and transformers leave out


class CorpusError(UserError, ValueError):
    """A corpus that cannot be trained on; worded in the notebook's language."""


def read_texts(path: str | Path, end: str = END) -> list[str]:
    """The texts of a file, in UTF-8, which `end` separates; white space around them goes.

    Raises CorpusError for a file that does not exist, is not UTF-8, is empty, or is one text only.
    """
    path = Path(path)
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(str(messages.NOT_UTF8.format(path=path.name))) from error
    except OSError as error:
        raise CorpusError(str(messages.NO_FILE.format(path=path))) from error
    texts = [text for part in content.split(end) if (text := part.strip())]
    if not texts:
        raise CorpusError(str(messages.EMPTY_CORPUS))
    if len(texts) == 1:
        raise CorpusError(str(messages.NO_END.format(path=path.name, end=end)))
    return texts


def split_corpus(
    texts: Sequence[str], fraction: float = 0.05, seed: int = 0
) -> tuple[list[str], list[str]]:
    """Split into texts to train on and texts to validate with; no text is on both sides.

    A text that occurs again counts once. fraction: of the texts, for validation, at least one and
    not all. seed: of the order, in which the first ones are for validation. Whole texts are
    divided and not blocks, or else a validation block's neighbours would have been trained on.
    Raises ArgumentError for fewer than two different texts and for a fraction outside (0, 1).
    """
    several = isinstance(texts, Sequence) and not isinstance(texts, str)
    if not several or not all(isinstance(text, str) for text in texts) or len(set(texts)) < 2:
        raise ArgumentError("texts", messages.TEXTS, texts)
    if not isinstance(fraction, int | float) or not 0 < fraction < 1:
        raise ArgumentError("fraction", messages.FRACTION, fraction)
    different = list(dict.fromkeys(texts))
    rng = torch.Generator().manual_seed(whole_number("seed", seed, 0))
    order = torch.randperm(len(different), generator=rng).tolist()
    held = min(max(1, round(fraction * len(different))), len(different) - 1)
    return [different[i] for i in order[held:]], [different[i] for i in order[:held]]


def blocks_of(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], block_size: int = 64
) -> list[list[int]]:
    """Blocks of `block_size` tokens: all texts one behind the other, an end token after each.

    No token is lost and none comes twice; the last block may be shorter, but has at least two
    tokens: a single one, from which nothing can be learned, joins the block before it.
    Raises CorpusError for texts that are empty, or shorter than a block together.
    """
    check_tokenizer(tokenizer)
    block_size = whole_number("block_size", block_size, 2)
    if not any(text.strip() for text in texts):
        raise CorpusError(str(messages.EMPTY_CORPUS))
    stream: list[int] = []
    for text in texts:
        stream += [*tokenizer(text, verbose=False).input_ids, int(tokenizer.eos_token_id)]
    if len(stream) < block_size:
        told = messages.SHORTER_THAN_A_BLOCK.format(tokens=len(stream), size=block_size)
        raise CorpusError(str(told))
    blocks = [stream[i : i + block_size] for i in range(0, len(stream), block_size)]
    if len(blocks[-1]) == 1:
        blocks[-2:] = [blocks[-2] + blocks[-1]]
    return blocks


def collate(blocks: Sequence[Sequence[int]], pad: int = 0) -> dict[str, Tensor]:
    """A batch of blocks as `model(**batch)` takes it, each tensor (B, T) long.

    T: of the longest block. `input_ids` are padded with `pad`, any token will do: there
    `attention_mask` is 0, and `labels`, which are the tokens themselves elsewhere, are -100.
    Raises ArgumentError for no block, and for a block without tokens.
    """
    checked = checked_blocks("blocks", blocks, 1)
    length = max(map(len, checked))
    rows = [(block, length - len(block)) for block in checked]
    parts = {
        "input_ids": [block + [pad] * missing for block, missing in rows],
        "attention_mask": [[1] * len(block) + [0] * missing for block, missing in rows],
        "labels": [block + [IGNORED] * missing for block, missing in rows],
    }
    return {name: torch.tensor(part) for name, part in parts.items()}


def checked_blocks(name: str, blocks: Any, shortest: int = 2) -> list[list[int]]:
    """Blocks as lists of token ids. ArgumentError for none, and for one that is too short."""
    if not isinstance(blocks, Sequence) or isinstance(blocks, str) or not blocks:
        raise ArgumentError(name, messages.BLOCKS.format(name=name), blocks)
    found = [token_list(name, block) for block in blocks]
    if min(map(len, found)) < shortest:
        raise ArgumentError(name, messages.BLOCKS.format(name=name), min(found, key=len))
    return found
