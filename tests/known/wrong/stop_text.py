"""Wrong solutions of `stop_text`, each with the case that must find it."""

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="text", misconception="stop_ignored")
def never_stops(pieces, stop_strings):
    """Joins all pieces."""
    return "".join(pieces), len(pieces)


@wrong(fails_case=1, kind="text", misconception="stop_kept")
def stop_string_kept(pieces, stop_strings):
    """Cuts after the stop string."""
    text = ""
    for count, piece in enumerate(pieces, start=1):
        text += piece
        places = [(text.find(stop), stop) for stop in stop_strings if stop in text]
        if places:
            place, stop = min(places)
            return text[:place] + stop, count
    return text, len(pieces)


@wrong(fails_case=1, kind="text", misconception="stop_with_the_token")
def whole_tokens(pieces, stop_strings):
    """Keeps the token that completes the stop string."""
    text = ""
    for count, piece in enumerate(pieces, start=1):
        text += piece
        places = [text.find(stop) for stop in stop_strings if stop in text]
        if places:
            return text, count
    return text, len(pieces)


@wrong(fails_case=1, kind="text", misconception="stop_before_the_token")
def token_dropped(pieces, stop_strings):
    """Drops the token that completes the stop string."""
    text = ""
    for count, piece in enumerate(pieces, start=1):
        text += piece
        places = [text.find(stop) for stop in stop_strings if stop in text]
        if places:
            return text[: -len(piece)], count
    return text, len(pieces)


@wrong(fails_case=1, kind="text", misconception="stop_in_one_token")
def token_by_token(pieces, stop_strings):
    """Searches each token by itself."""
    text = ""
    for count, piece in enumerate(pieces, start=1):
        places = [piece.find(stop) for stop in stop_strings if stop in piece]
        if places:
            return text + piece[: min(places)], count
        text += piece
    return text, len(pieces)


@wrong(fails_case=2, kind="text", misconception="stop_at_the_end_only")
def only_at_the_end(pieces, stop_strings):
    """Asks if the text ends in a stop string."""
    text = ""
    for count, piece in enumerate(pieces, start=1):
        text += piece
        places = [text.index(stop) for stop in stop_strings if text.endswith(stop)]
        if places:
            return text[: min(places)], count
    return text, len(pieces)


@wrong(fails_case=5, kind="text", misconception="stop_of_the_whole_text")
def finished_text(pieces, stop_strings):
    """Searches the finished text."""
    text, count = "".join(pieces), 0
    places = [(text.find(stop), len(stop)) for stop in stop_strings if stop in text]
    if not places:
        return text, len(pieces)
    place, size = min(places)
    while len("".join(pieces[:count])) < place + size:
        count += 1
    return text[:place], count


@wrong(fails_case=4, kind="text", misconception="stop_first_listed")
def first_in_the_list(pieces, stop_strings):
    """Takes the first stop string of the list."""
    text = ""
    for count, piece in enumerate(pieces, start=1):
        text += piece
        for stop in stop_strings:
            if stop in text:
                return text[: text.index(stop)], count
    return text, len(pieces)


@wrong(fails_case=1, kind="value", misconception="stop_counted_before")
def one_token_too_few(pieces, stop_strings):
    """Counts the tokens before the one that completes it."""
    text = ""
    for count, piece in enumerate(pieces, start=1):
        text += piece
        places = [text.find(stop) for stop in stop_strings if stop in text]
        if places:
            return text[: min(places)], count - 1
    return text, len(pieces)


@wrong(fails_case=1, kind="value", misconception="stop_not_counted")
def all_counted(pieces, stop_strings):
    """Counts all pieces."""
    text = ""
    for count, piece in enumerate(pieces, start=1):
        text += piece
        places = [text.find(stop) for stop in stop_strings if stop in text]
        if places:
            return text[: min(places)], len(pieces)
    return text, len(pieces)


@wrong(fails_case=6, kind="text", misconception="stop_stripped")
def stripped(pieces, stop_strings):
    """Strips the text."""
    text = ""
    for count, piece in enumerate(pieces, start=1):
        text += piece
        places = [text.find(stop) for stop in stop_strings if stop in text]
        if places:
            return text[: min(places)].strip(), count
    return text, len(pieces)


@wrong(fails_case=8, kind="raised", misconception="raised:empty")
def empty_list(pieces, stop_strings):
    """Takes the minimum of no places."""
    text = ""
    for count, piece in enumerate(pieces, start=1):
        text += piece
        place = min(text.find(stop) % (len(text) + 1) for stop in stop_strings)
        if place < len(text):
            return text[:place], count
    return text, len(pieces)
