"""Correct solutions of `stop_text`, written differently from the reference."""

import re
from itertools import accumulate

from autograder.exercises.known import correct


@correct()
def accumulated(pieces, stop_strings):
    for count, text in enumerate(accumulate(pieces), start=1):
        places = [p for p in map(text.find, stop_strings) if p >= 0]
        if places:
            return [text[: min(places)], count]
    return ["".join(pieces), len(pieces)]


@correct()
def by_splitting(pieces, stop_strings):
    text, used = "", 0
    while used < len(pieces) and not any(stop in text for stop in stop_strings):
        text, used = text + pieces[used], used + 1
    return min((text.split(stop)[0] for stop in stop_strings), key=len, default=text), used


@correct()
def by_an_expression(pieces, stop_strings):
    pattern = "|".join(f"(?={re.escape(stop)})" for stop in stop_strings) or "(?!)"
    done = ""
    for number, piece in enumerate(pieces):
        done = done + piece
        if found := re.search(pattern, done):
            return done[: found.start()], number + 1
    return done, len(pieces)
