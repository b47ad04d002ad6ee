"""Known wrong beam searches, followed on purpose: see `misconceptions`."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from autograder.exercises import oracle
from autograder.exercises.oracle import Beam, Floats

TokenIds = tuple[int, ...]


def beam_as_greedy(model: Any, input_ids: Tensor, max_length: int, num_beams: int) -> TokenIds:
    return tuple(oracle.greedy_path(model, input_ids[0].tolist(), max_length)[0])


def _variant(
    *,
    width: Callable[[int, int], int] = lambda num_beams, step: num_beams,
    each: Callable[[int, int], int | None] = lambda num_beams, step: None,
    copies: bool = False,
    ended: str = "stays",
    stops: Callable[[list[Beam], list[Beam], int], bool] = lambda beams, aside, num_beams: False,
    best: Callable[[Beam, int], Any] = lambda beam, start: beam.score,
    step_score: Callable[[Any, TokenIds], Floats] = oracle.next_logs,
    rank: Callable[[Beam, int], float] = lambda beam, start: beam.score,
    summed: bool = True,
) -> Callable[..., TokenIds]:
    """The right rule with one change.

    width, each: how many beams stay, and how many continuations each has, in a step. copies: the
    search begins with num_beams prompts. ended: an ended beam stays; is "dropped" in the next step;
    is "continued"; is set aside and leaves its place to others ("aside") or keeps it ("kept");
    takes "no place", or is kept even where it is unlikely ("free"). stops: from the beams, those
    set aside, and num_beams. best: the key by which the result is chosen. step_score: what a token
    adds. rank: the key by which beams stay. summed: otherwise a beam's score is its last token's.
    """

    def rule(model: Any, input_ids: Tensor, max_length: int, num_beams: int) -> TokenIds:
        prompt, eos = tuple(input_ids[0].tolist()), model.config.eos_token_id
        start, aside = len(prompt), list[Beam]()
        beams = [Beam(0.0, prompt, False)] * (num_beams if copies else 1)
        for step in range(max_length - start):
            if all(b.ended for b in beams):
                break
            found = [b for b in beams if b.ended and ended != "dropped"]
            for beam in (b for b in beams if not b.ended):
                logs = step_score(model, beam.ids)
                # no more of one beam can stay: the end token need not take a place
                some = each(num_beams, step) or width(num_beams, step) + 1
                for token in np.argsort(-logs, kind="stable")[:some].tolist():
                    over = token == eos and ended != "continued"
                    score = beam.score * summed + float(logs[token])
                    found.append(Beam(score, (*beam.ids, token), over))
            found.sort(key=lambda b: -rank(b, start))
            keep = width(num_beams, step) - (len(aside) if ended == "kept" else 0)
            if ended == "free":
                found = [b for b in found if not b.ended][:keep] + [b for b in found if b.ended]
            elif ended == "no place":
                places = itertools.accumulate((not b.ended for b in found), initial=0)
                found = [b for b, place in zip(found, places, strict=False) if place < keep]
            else:
                found = found[:keep]
            if ended in ("aside", "kept", "no place", "free"):
                aside += [b for b in found if b.ended]
                found = [b for b in found if not b.ended]
            beams = found or ([] if aside else beams)
            if not found or stops(beams, aside, num_beams):
                break
        ids = max([*aside, *beams], key=lambda b: best(b, start)).ids
        end = ids.index(eos, start) + 1 if eos in ids[start:] else len(ids)
        return ids[:end]

    return rule


def _some_ended(beams: list[Beam], aside: list[Beam], num_beams: int) -> bool:
    return any(b.ended for b in beams)


def _mean_score(beam: Beam, start: int) -> float:
    return beam.score / max(len(beam.ids) - start, 1)


def _whole_mean(beam: Beam, start: int) -> float:
    return beam.score / len(beam.ids)


def _logits(model: Any, ids: TokenIds) -> Floats:
    return oracle.logits_of(model, list(ids))[-1]


def _probs(model: Any, ids: TokenIds) -> Floats:
    return np.exp(oracle.next_logs(model, ids))


beam_of_logits = _variant(step_score=_logits)
beam_of_probs = _variant(step_score=_probs)
beam_of_last_tokens = _variant(summed=False)
beam_least_likely = _variant(
    each=lambda num_beams, step: 60 * num_beams,
    rank=lambda beam, start: -beam.score,
    best=lambda beam, start: -beam.score,
)
beam_worst_chosen = _variant(best=lambda beam, start: -beam.score)
beam_ranked_by_the_mean = _variant(rank=_mean_score, best=_mean_score)
beam_ranked_by_the_whole_mean = _variant(rank=_whole_mean, best=_whole_mean)
beam_narrower = _variant(width=lambda num_beams, step: max(num_beams - 1, 1))
beam_wider = _variant(width=lambda num_beams, step: num_beams + 1)
beam_not_pruned = _variant(width=lambda num_beams, step: 60 * num_beams)
beam_of_copies = _variant(copies=True)
beam_greedy_after_one_step = _variant(each=lambda num_beams, step: 1 if step else num_beams)
beam_of_two_continuations = _variant(each=lambda num_beams, step: 2 if step else num_beams)
beam_first_ended = _variant(stops=_some_ended, best=lambda beam, start: (beam.ended, beam.score))
beam_stopped_by_an_end = _variant(stops=_some_ended)
beam_never_ended = _variant(ended="dropped")
beam_set_aside = _variant(ended="aside")
beam_set_aside_for_good = _variant(ended="kept")
beam_without_a_place = _variant(ended="free", each=lambda num_beams, step: 60 * num_beams)
beam_continued = _variant(ended="continued")
beam_by_the_mean = _variant(best=_mean_score)
beam_by_the_whole_mean = _variant(best=_whole_mean)
beam_ended_preferred = _variant(best=lambda beam, start: (beam.ended, beam.score))
beam_enough_ended = _variant(
    ended="no place", stops=lambda beams, aside, num_beams: len(aside) >= num_beams
)


def beam_without_its_end(
    model: Any, input_ids: Tensor, max_length: int, num_beams: int
) -> TokenIds:
    prompt, eos = input_ids[0].tolist(), model.config.eos_token_id
    ids, _ = oracle.beam_path(model, prompt, max_length, num_beams)
    return tuple(ids[:-1] if len(ids) > len(prompt) and ids[-1] == eos else ids)


def beam_ended_by_the_prompt(
    model: Any, input_ids: Tensor, max_length: int, num_beams: int
) -> TokenIds:
    prompt = input_ids[0].tolist()
    if model.config.eos_token_id in prompt:
        return tuple(prompt)
    return tuple(oracle.beam_path(model, prompt, max_length, num_beams)[0])


def beam_too_short(model: Any, input_ids: Tensor, max_length: int, num_beams: int) -> TokenIds:
    prompt = input_ids[0].tolist()
    return tuple(oracle.beam_path(model, prompt, max_length - 1, num_beams)[0])


def beam_ended_by_the_last_token(
    model: Any, input_ids: Tensor, max_length: int, num_beams: int
) -> TokenIds:
    prompt = input_ids[0].tolist()
    if prompt[-1] == model.config.eos_token_id:
        return tuple(prompt)
    return tuple(oracle.beam_path(model, prompt, max_length, num_beams)[0])


__all__ = [name for name in list(globals()) if name.startswith("beam_")]
