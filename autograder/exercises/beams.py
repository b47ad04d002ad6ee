"""Known wrong beam searches, followed on purpose: see `misconceptions`."""

from typing import Any

from torch import Tensor

from autograder.exercises import oracle

TokenIds = tuple[int, ...]


def beam_as_greedy(model: Any, input_ids: Tensor, max_length: int, num_beams: int) -> TokenIds:
    return tuple(oracle.greedy_path(model, input_ids[0].tolist(), max_length)[0])


def beam_narrower(model: Any, input_ids: Tensor, max_length: int, num_beams: int) -> TokenIds:
    prompt = input_ids[0].tolist()
    return tuple(oracle.beam_path(model, prompt, max_length, max(num_beams - 1, 1))[0])


def beam_wider(model: Any, input_ids: Tensor, max_length: int, num_beams: int) -> TokenIds:
    return tuple(oracle.beam_path(model, input_ids[0].tolist(), max_length, num_beams + 1)[0])


def beam_first_ended(model: Any, input_ids: Tensor, max_length: int, num_beams: int) -> TokenIds:
    prompt = input_ids[0].tolist()
    best: TokenIds = tuple(prompt)
    for beams, _ in oracle.beam_steps(model, prompt, max_length, num_beams):
        best = beams[0].ids
        if ended := [b for b in beams if b.ended]:
            return ended[0].ids
    return best


def beam_never_ended(model: Any, input_ids: Tensor, max_length: int, num_beams: int) -> TokenIds:
    prompt = input_ids[0].tolist()
    best: TokenIds = tuple(prompt)
    for beams, _ in oracle.beam_steps(model, prompt, max_length, num_beams):
        going_on = [b for b in beams if not b.ended]
        best = going_on[0].ids if going_on else best
    return best
