"""Known wrong rules of stopping and choosing: see `misconceptions`."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from autograder.exercises import oracle
from autograder.exercises.modern import stop_text

# --- stop strings -------------------------------------------------------------------------------

Pieces = Sequence[str]


def _whole(pieces: Pieces) -> list[Any]:
    return ["".join(pieces), len(pieces)]


def _stopped_at(
    cut: Callable[[str, int, str], str] = lambda text, place, stop: text[:place],
    found: Callable[[str, str], bool] = lambda text, stop: stop in text,
    chosen: Callable[[list[tuple[int, str]]], tuple[int, str]] = min,
) -> Callable[..., list[Any]]:
    """The right rule with one change.

    cut: the text at a stop string that begins at this place. found: if a stop string is in a text.
    chosen: which of several, by place and string.
    """

    def rule(pieces: Pieces, stop_strings: Sequence[str]) -> list[Any]:
        for count in range(1, len(pieces) + 1):
            text = "".join(pieces[:count])
            stops = [stop for stop in stop_strings if found(text, stop)]
            if stops:
                place, stop = chosen([(text.find(s), s) for s in stops])
                return [cut(text, place, stop), count]
        return _whole(pieces)

    return rule


stop_kept = _stopped_at(lambda text, place, stop: text[:place] + stop)
stop_with_the_token = _stopped_at(lambda text, place, stop: text)
stop_stripped = _stopped_at(lambda text, place, stop: text[:place].strip())
stop_at_the_end_only = _stopped_at(found=lambda text, stop: text.endswith(stop))
stop_first_listed = _stopped_at(chosen=lambda places: places[0])


def stop_ignored(pieces: Pieces, stop_strings: Sequence[str]) -> list[Any]:
    return _whole(pieces)


def stop_in_one_token(pieces: Pieces, stop_strings: Sequence[str]) -> list[Any]:
    for number, piece in enumerate(pieces):
        if places := [piece.index(stop) for stop in stop_strings if stop in piece]:
            return ["".join(pieces[:number]) + piece[: min(places)], number + 1]
    return _whole(pieces)


def stop_before_the_token(pieces: Pieces, stop_strings: Sequence[str]) -> list[Any]:
    _, count = stop_text(pieces, stop_strings)
    return ["".join(pieces[: count - 1]), count] if _stops(pieces, stop_strings) else _whole(pieces)


def stop_counted_before(pieces: Pieces, stop_strings: Sequence[str]) -> list[Any]:
    text, count = stop_text(pieces, stop_strings)
    return [text, count - 1] if _stops(pieces, stop_strings) else _whole(pieces)


def stop_not_counted(pieces: Pieces, stop_strings: Sequence[str]) -> list[Any]:
    return [stop_text(pieces, stop_strings)[0], len(pieces)]


def stop_of_the_whole_text(pieces: Pieces, stop_strings: Sequence[str]) -> list[Any]:
    """The stop string that begins first, though another one was complete before it."""
    text, ends = "".join(pieces), list(itertools.accumulate(map(len, pieces)))
    found = [(text.index(stop), len(stop)) for stop in stop_strings if stop in text]
    if not found:
        return _whole(pieces)
    place, size = min(found)
    return [text[:place], 1 + sum(end < place + size for end in ends)]


def _stops(pieces: Pieces, stop_strings: Sequence[str]) -> bool:
    return any(stop in "".join(pieces) for stop in stop_strings)


# --- votes --------------------------------------------------------------------------------------

Answers = Sequence[str | None]


def _answers_given(answers: Answers) -> list[Any]:
    return [answer for answer in answers if answer is not None]


def _voted(
    counted: Callable[[Answers], list[Any]] = _answers_given,
    stops: Callable[[int, int, int, int], bool] = lambda a, b, used, n: a - b > n - used,
    latest: bool = False,
) -> Callable[..., list[Any]]:
    """The right rule with one change.

    counted: the votes among the samples. stops: if no more are taken, from the votes of the first
    two, the samples used and all. latest: of answers as frequent the last one wins.
    """

    def rule(answers: Answers) -> list[Any]:
        for used in range(1, len(answers) + 1):
            given = counted(answers[:used])
            order = list(dict.fromkeys(given))[:: -1 if latest else 1]
            ranked = sorted(order, key=given.count, reverse=True)
            first, second, *_ = [*map(given.count, ranked), 0, 0]
            if used == len(answers) or stops(first, second, used, len(answers)):
                return [ranked[0] if ranked else None, used]
        return [None, 0]

    return rule


vote_of_all = _voted(stops=lambda a, b, used, n: False)
vote_stopped_at_a_tie = _voted(stops=lambda a, b, used, n: a - b >= n - used)
vote_stopped_at_half = _voted(stops=lambda a, b, used, n: 2 * a > n)
vote_stopped_at_two = _voted(stops=lambda a, b, used, n: a == 2)
vote_without_the_second = _voted(stops=lambda a, b, used, n: a > n - used)
vote_with_none = _voted(list)
vote_latest_of_equals = _voted(latest=True)


def vote_none_left_out(answers: Answers) -> list[Any]:
    return _voted()(_answers_given(answers))


def vote_of_the_first(answers: Answers) -> list[Any]:
    return [answers[0], 1]


# --- beams with a length penalty ----------------------------------------------------------------

SearchBeam = tuple[float, tuple[int, ...]]  # sum of logarithms, all ids


def _beam_score(total: float, new: int, penalty: float) -> float:
    return total / new**penalty


def _searched(
    score: Callable[[float, int, float], float] = _beam_score,
    changed: Callable[[int, float], tuple[int, float]] = lambda beams, penalty: (beams, penalty),
    chosen: Callable[
        [list[SearchBeam], list[SearchBeam]], list[SearchBeam]
    ] = lambda ended, running: ended + running,
    in_the_race: bool = False,
    with_prompt: bool = False,
) -> Callable[..., tuple[int, ...]]:
    """The right rule with one change.

    score: from the sum, the new tokens and the penalty. changed: num_beams and penalty. chosen:
    the candidates at the end. in_the_race: ended beams keep their places. with_prompt: the length
    counts the prompt.
    """

    def rule(
        model: Any, input_ids: Tensor, max_length: int, num_beams: int, length_penalty: float
    ) -> tuple[int, ...]:
        prompt, eos = tuple(input_ids[0].tolist()), model.config.eos_token_id
        width, penalty = changed(num_beams, length_penalty)
        running: list[SearchBeam] = [(0.0, prompt)]
        ended: list[SearchBeam] = []
        for _ in range(max_length - len(prompt)):
            found = [
                (total + float(log), (*ids, token))
                for total, ids in running
                for token, log in enumerate(oracle.next_logs(model, ids))
            ]
            best = sorted(found + (ended if in_the_race else []), reverse=True)[:width]
            stopped = [b for b in best if b[1][-1] == eos and len(b[1]) > len(prompt)]
            ended = stopped if in_the_race else ended + stopped
            running = [b for b in best if b not in stopped]
        start = 0 if with_prompt else len(prompt)
        candidates = chosen(ended, running) or ended + running
        return max(candidates, key=lambda b: score(b[0], len(b[1]) - start, penalty))[1]

    return rule


search_without_penalty = _searched(lambda total, new, penalty: total)
search_multiplied = _searched(lambda total, new, penalty: total * new**penalty)
search_by_the_mean = _searched(lambda total, new, penalty: total / new)
search_divided_by_the_product = _searched(
    lambda total, new, penalty: total / (new * penalty or 1.0)
)
search_with_the_prompt = _searched(with_prompt=True)
search_with_one_beam = _searched(changed=lambda beams, penalty: (1, penalty))
search_ended_only = _searched(chosen=lambda ended, running: ended)
search_running_only = _searched(chosen=lambda ended, running: running)
search_first_ended = _searched(chosen=lambda ended, running: ended[:1])
search_in_the_race = _searched(in_the_race=True)

_CHOOSING_PREFIXES = ("stop_", "vote_", "search_")
__all__ = [
    name
    for name in list(globals())
    if name.startswith(_CHOOSING_PREFIXES) and name != stop_text.__name__
]
