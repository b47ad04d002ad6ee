"""Wrong solutions of `pad_batch`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="pad_trained_on")
def trains_on_padding(blocks, pad):
    """Takes the padded tokens as labels."""
    longest = max(len(block) for block in blocks)
    rows = [block + [pad] * (longest - len(block)) for block in blocks]
    mask = [[1] * len(block) + [0] * (longest - len(block)) for block in blocks]
    labels = rows
    return {
        "input_ids": torch.tensor(rows),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor(labels),
    }


@wrong(fails_case=1, kind="value", misconception="pad_attended_to")
def sees_padding(blocks, pad):
    """Has a mask of ones."""
    longest = max(len(block) for block in blocks)
    rows = [block + [pad] * (longest - len(block)) for block in blocks]
    mask = [[1] * longest for _ in blocks]
    labels = [block + [-100] * (longest - len(block)) for block in blocks]
    return {
        "input_ids": torch.tensor(rows),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor(labels),
    }


@wrong(fails_case=1, kind="value", misconception="pad_labels_shifted")
def shifts_too_early(blocks, pad):
    """Shifts the labels, which the loss does again."""
    longest = max(len(block) for block in blocks)
    rows = [block + [pad] * (longest - len(block)) for block in blocks]
    mask = [[1] * len(block) + [0] * (longest - len(block)) for block in blocks]
    labels = [block[1:] + [-100] * (longest - len(block) + 1) for block in blocks]
    return {
        "input_ids": torch.tensor(rows),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor(labels),
    }


@wrong(fails_case=1, kind="value", misconception="pad_mask_by_token")
def masks_a_token(blocks, pad):
    """Masks the token pad wherever it is."""
    longest = max(len(block) for block in blocks)
    rows = [block + [pad] * (longest - len(block)) for block in blocks]
    mask = [[int(token != pad) for token in row] for row in rows]
    labels = [block + [-100] * (longest - len(block)) for block in blocks]
    return {
        "input_ids": torch.tensor(rows),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor(labels),
    }


@wrong(fails_case=1, kind="value", misconception="pad_labels_by_token")
def ignores_a_token(blocks, pad):
    """Ignores the token pad wherever it is."""
    longest = max(len(block) for block in blocks)
    rows = [block + [pad] * (longest - len(block)) for block in blocks]
    mask = [[1] * len(block) + [0] * (longest - len(block)) for block in blocks]
    labels = [[-100 if token == pad else token for token in row] for row in rows]
    return {
        "input_ids": torch.tensor(rows),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor(labels),
    }


@wrong(fails_case=1, kind="value", misconception="pad_both_by_token")
def takes_a_token_for_padding(blocks, pad):
    """Tells padding by its value."""
    longest = max(len(block) for block in blocks)
    rows = [block + [pad] * (longest - len(block)) for block in blocks]
    mask = [[int(token != pad) for token in row] for row in rows]
    labels = [[-100 if token == pad else token for token in row] for row in rows]
    return {
        "input_ids": torch.tensor(rows),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor(labels),
    }


@wrong(fails_case=1, kind="value", misconception="pad_on_the_left")
def left(blocks, pad):
    """Pads on the left, as one does to generate."""
    longest = max(len(block) for block in blocks)
    rows = [[pad] * (longest - len(block)) + block for block in blocks]
    mask = [[0] * (longest - len(block)) + [1] * len(block) for block in blocks]
    labels = [[-100] * (longest - len(block)) + block for block in blocks]
    return {
        "input_ids": torch.tensor(rows),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor(labels),
    }


@wrong(fails_case=1, kind="value", misconception="pad_mask_inverted")
def inverted(blocks, pad):
    """Marks the padding with 1."""
    longest = max(len(block) for block in blocks)
    rows = [block + [pad] * (longest - len(block)) for block in blocks]
    mask = [[0] * len(block) + [1] * (longest - len(block)) for block in blocks]
    labels = [block + [-100] * (longest - len(block)) for block in blocks]
    return {
        "input_ids": torch.tensor(rows),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor(labels),
    }


@wrong(fails_case=1, kind="value", misconception="pad_always_zero")
def zeros(blocks, pad):
    """Pads with 0 and not with pad."""
    longest = max(len(block) for block in blocks)
    rows = [block + [0] * (longest - len(block)) for block in blocks]
    mask = [[1] * len(block) + [0] * (longest - len(block)) for block in blocks]
    labels = [block + [-100] * (longest - len(block)) for block in blocks]
    return {
        "input_ids": torch.tensor(rows),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor(labels),
    }


@wrong(fails_case=1, kind="value", misconception="pad_with_ignored")
def minus_100_everywhere(blocks, pad):
    """Pads the tokens with -100 as well."""
    longest = max(len(block) for block in blocks)
    rows = [block + [-100] * (longest - len(block)) for block in blocks]
    mask = [[1] * len(block) + [0] * (longest - len(block)) for block in blocks]
    labels = [block + [-100] * (longest - len(block)) for block in blocks]
    return {
        "input_ids": torch.tensor(rows),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor(labels),
    }


@wrong(fails_case=1, kind="value", misconception="pad_labels_ignore_first")
def ignores_the_first(blocks, pad):
    """Ignores the first token of each row."""
    longest = max(len(block) for block in blocks)
    rows = [block + [pad] * (longest - len(block)) for block in blocks]
    mask = [[1] * len(block) + [0] * (longest - len(block)) for block in blocks]
    labels = [[-100] + block[1:] + [-100] * (longest - len(block)) for block in blocks]
    return {
        "input_ids": torch.tensor(rows),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor(labels),
    }


@wrong(fails_case=1, kind="raised", misconception="raised:expected sequence of length")
def not_padded(blocks, pad):
    """Makes a tensor of rows of different lengths."""
    return {
        "input_ids": torch.tensor(blocks),
        "attention_mask": torch.ones(1),
        "labels": torch.ones(1),
    }


@wrong(fails_case=1, kind="shape", misconception="shape")
def cut_to_the_shortest(blocks, pad):
    """Cuts all blocks to the shortest."""
    shortest = min(len(block) for block in blocks)
    ids = torch.tensor([block[:shortest] for block in blocks])
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids}


@wrong(fails_case=1, kind="dtype", misconception="dtype")
def floats(blocks, pad):
    """Has a mask of floats."""
    longest = max(len(block) for block in blocks)
    rows = [block + [pad] * (longest - len(block)) for block in blocks]
    mask = [[1.0] * len(block) + [0.0] * (longest - len(block)) for block in blocks]
    labels = [block + [-100] * (longest - len(block)) for block in blocks]
    return {
        "input_ids": torch.tensor(rows),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor(labels),
    }


@wrong(fails_case=1, kind="key", misconception="key")
def no_labels(blocks, pad):
    """Leaves the labels out."""
    longest = max(len(block) for block in blocks)
    rows = [block + [pad] * (longest - len(block)) for block in blocks]
    mask = [[1] * len(block) + [0] * (longest - len(block)) for block in blocks]
    return {"input_ids": torch.tensor(rows), "attention_mask": torch.tensor(mask)}
