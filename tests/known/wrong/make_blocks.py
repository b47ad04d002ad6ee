"""Wrong solutions of `make_blocks`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="length", misconception="blocks_without_end")
def no_end(token_lists, block_size, end):
    """Forgets the end token."""
    stream = [token for tokens in token_lists for token in tokens]
    return [stream[i : i + block_size] for i in range(0, len(stream), block_size)]


@wrong(fails_case=1, kind="length", misconception="blocks_rest_dropped")
def drops_the_rest(token_lists, block_size, end):
    """Loses the tokens that do not fill a block."""
    stream = [token for tokens in token_lists for token in tokens + [end]]
    whole = len(stream) // block_size * block_size
    return [stream[i : i + block_size] for i in range(0, whole, block_size)]


@wrong(fails_case=1, kind="length", misconception="blocks_by_text")
def each_text_alone(token_lists, block_size, end):
    """Cuts each text by itself."""
    blocks = []
    for tokens in token_lists:
        text = tokens + [end]
        blocks += [text[i : i + block_size] for i in range(0, len(text), block_size)]
    return blocks


@wrong(fails_case=1, kind="value", misconception="blocks_overlapping")
def overlaps(token_lists, block_size, end):
    """Begins each block with the last token of the one before it."""
    stream = [token for tokens in token_lists for token in tokens + [end]]
    return [stream[i : i + block_size] for i in range(0, len(stream), max(block_size - 1, 1))]


@wrong(fails_case=1, kind="length", misconception="blocks_end_between_only")
def end_between(token_lists, block_size, end):
    """Puts the end token between texts only."""
    stream = []
    for tokens in token_lists:
        if stream:
            stream.append(end)
        stream += tokens
    return [stream[i : i + block_size] for i in range(0, len(stream), block_size)]


@wrong(fails_case=1, kind="value", misconception="blocks_end_first")
def end_before(token_lists, block_size, end):
    """Puts the end token before each text."""
    stream = [token for tokens in token_lists for token in [end] + tokens]
    return [stream[i : i + block_size] for i in range(0, len(stream), block_size)]


@wrong(fails_case=1, kind="length", misconception="blocks_one_longer")
def too_long(token_lists, block_size, end):
    """Cuts blocks that are one token too long."""
    stream = [token for tokens in token_lists for token in tokens + [end]]
    return [stream[i : i + block_size + 1] for i in range(0, len(stream), block_size + 1)]


@wrong(fails_case=1, kind="length", misconception="blocks_each_with_end")
def end_of_block(token_lists, block_size, end):
    """Ends each block with the end token, and not each text."""
    stream = [token for tokens in token_lists for token in tokens]
    return [stream[i : i + block_size] + [end] for i in range(0, len(stream), block_size)]


@wrong(fails_case=1, kind="length", misconception="blocks_padded")
def fills_up(token_lists, block_size, end):
    """Fills the last block up."""
    stream = [token for tokens in token_lists for token in tokens + [end]]
    while len(stream) % block_size:
        stream.append(end)
    return [stream[i : i + block_size] for i in range(0, len(stream), block_size)]


@wrong(fails_case=1, kind="changed", misconception="changed")
def appends_in_place(token_lists, block_size, end):
    """Appends the end token to the caller's lists."""
    stream = []
    for tokens in token_lists:
        tokens.append(end)
        stream += tokens
    return [stream[i : i + block_size] for i in range(0, len(stream), block_size)]


@wrong(fails_case=1, kind="type", misconception="type")
def as_tensor(token_lists, block_size, end):
    """Returns a tensor of the first block."""
    stream = [token for tokens in token_lists for token in tokens + [end]]
    return torch.tensor(stream[:block_size])
