"""Known wrong rules of stopping and choosing: see `misconceptions`."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from autograder.exercises.modern import stop_text

# --- stop strings -------------------------------------------------------------------------------

Pieces = Sequence[str]


def _whole(pieces: Pieces) -> list[Any]:
    return ["".join(pieces), len(pieces)]


def _stopped(
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


stop_kept = _stopped(lambda text, place, stop: text[:place] + stop)
stop_with_the_token = _stopped(lambda text, place, stop: text)
stop_stripped = _stopped(lambda text, place, stop: text[:place].strip())
stop_at_the_end_only = _stopped(found=lambda text, stop: text.endswith(stop))
stop_first_listed = _stopped(chosen=lambda places: places[0])


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


def _given(answers: Answers) -> list[Any]:
    return [answer for answer in answers if answer is not None]


def _voted(
    counted: Callable[[Answers], list[Any]] = _given,
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
    return _voted()(_given(answers))


def vote_of_the_first(answers: Answers) -> list[Any]:
    return [answers[0], 1]


_PREFIXES = ("stop_", "vote_")
__all__ = [
    name for name in list(globals()) if name.startswith(_PREFIXES) and name != stop_text.__name__
]
