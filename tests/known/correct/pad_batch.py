"""Correct solutions of `pad_batch`, written differently from the reference."""

import torch

from autograder.exercises.known import correct


@correct()
def filled(blocks, pad):
    """Fills tensors of the right size."""
    shape = (len(blocks), max(map(len, blocks)))
    ids = torch.full(shape, pad)
    mask = torch.zeros(shape, dtype=torch.long)
    labels = torch.full(shape, -100)
    for row, block in enumerate(blocks):
        ids[row, : len(block)] = torch.tensor(block)
        mask[row, : len(block)] = 1
        labels[row, : len(block)] = torch.tensor(block)
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


@correct()
def pad_sequence(blocks, pad):
    """Uses torch's own padding, and the lengths for the mask."""
    rows = [torch.tensor(block) for block in blocks]
    padded = torch.nn.utils.rnn.pad_sequence
    lengths = torch.tensor([len(block) for block in blocks])
    ids = padded(rows, batch_first=True, padding_value=pad)
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "labels": padded(rows, batch_first=True, padding_value=-100),
    }


@correct()
def masked(blocks, pad):
    """Fills the labels where the mask is 0."""
    longest = max(len(block) for block in blocks)
    ids, mask = [], []
    for block in blocks:
        missing = longest - len(block)
        ids.append([*block, *[pad] * missing])
        mask.append([*[1] * len(block), *[0] * missing])
    ids, mask = torch.tensor(ids), torch.tensor(mask)
    return {"input_ids": ids, "attention_mask": mask, "labels": ids.masked_fill(mask == 0, -100)}
