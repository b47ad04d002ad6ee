"""Correct solutions of `make_blocks`, written differently from the reference."""

import torch

from autograder.exercises.known import correct


@correct()
def token_by_token(token_lists, block_size, end):
    """Fills block after block."""
    blocks = [[]]
    for tokens in token_lists:
        for token in (*tokens, end):
            if len(blocks[-1]) == block_size:
                blocks.append([])
            blocks[-1].append(token)
    return blocks


@correct()
def by_slices(token_lists, block_size, end):
    """Takes blocks off the front."""
    rest = [token for tokens in token_lists for token in [*tokens, end]]
    blocks = []
    while rest:
        blocks.append(rest[:block_size])
        rest = rest[block_size:]
    return blocks


@correct()
def by_split(token_lists, block_size, end):
    """Lets torch cut a long tensor."""
    stream = torch.tensor([token for tokens in token_lists for token in [*tokens, end]])
    return [block.tolist() for block in stream.split(block_size)]
