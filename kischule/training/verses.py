"""Verses made by a small grammar, so that style can be measured: metre, stanza form, rhyme.

A line is an opening of four syllables and an ending of four: "The sailor slept | beside the sea".
Two lines that follow each other rhyme (AABB), four make a stanza, four stanzas on one theme a poem.
All words are plain English that the embedded model has read in its tales.
"""

from __future__ import annotations

import random
import re
from itertools import pairwise

from kischule.arguments import whole_number

LINES = 4  # of a stanza
STANZAS = 4  # of a poem

# theme -> who does something, three syllables each; and a verb of one
THEMES = {
    "sea": (
        "The sailor; The fisher; A grey gull; The captain; A white ship; "
        "The small boat; A mermaid; The long waves; The north wind; The boatman",
        "slept sang came sailed called lay turned went",
    ),
    "winter": (
        "The grey wolf; A poor child; The hunter; The white owl; A woodman; "
        "The cold wind; The snow queen; The brown bear; An old man; "
        "The young prince",
        "slept went stood walked cried lay came sat",
    ),
    "forest": (
        "The red fox; A young deer; The green leaves; The robin; A tall oak; "
        "The wild boar; The giant; A small mouse; The old witch; The brown hare",
        "hid ran stood sang sat came danced lay",
    ),
    "garden": (
        "The roses; A gold bird; The old queen; The maiden; The bright bees; "
        "A fair child; The gardener; The white doves; The princess; "
        "The young king",
        "sang danced sat played came stood slept laughed",
    ),
    "road": (
        "The miller; A soldier; The tired horse; The beggar; The piper; "
        "A tailor; Two brothers; The old king; The shepherd; A stranger",
        "walked went sang came rode sat stood turned",
    ),
}
# sound -> endings of four syllables, each with another last word
_BY_SOUND = {
    "ay": "at break of day; along the way; and went away; and could not stay; "
    "and would not say; as if in play",
    "ight": "in silver light; the whole long night; and out of sight; "
    "and all was bright; and all was white; with all their might",
    "ee": "beside the sea; beneath the tree; and all were free; "
    "as glad could be; for you and me; with one, two, three",
    "old": "against the cold; with rings of gold; as she was told; "
    "and all grew old; so brave and bold; with none to hold",
    "ow": "across the snow; where none may go; so long ago; and did not know; "
    "where flowers grow; so soft and low",
    "and": "across the land; upon the sand; and took my hand; where towers stand",
    "ill": "upon the hill; and all was still; beside the mill; against his will; "
    "and drank their fill",
    "own": "outside the town; and then sat down; without a crown; in green and brown",
    "ound": "upon the ground; without a sound; and looked around; "
    "and there was found; and round and round",
    "ain": "in wind and rain; and came again; across the plain; "
    "and cried in vain; in grief and pain",
    "ear": "as night came near; for all to hear; so cold and clear; "
    "for half a year; and called my dear; in dread and fear",
    "ing": "before the king; where robins sing; without a ring; in early spring; upon the wing",
}
ENDINGS = {sound: text.split("; ") for sound, text in _BY_SOUND.items()}
SOUND = {ending.split()[-1]: sound for sound, found in ENDINGS.items() for ending in found}
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")


def verses(poems: int = 1250, seed: int = 73) -> list[str]:
    """Poems of four stanzas of four lines, 5,000 stanzas in all; the same for the same seed.

    Raises ArgumentError for fewer than one poem, and for a seed that is not a whole number from 0.
    """
    poems, rng = whole_number("poems", poems, 1), random.Random(whole_number("seed", seed))
    return ["\n\n".join(_stanzas(rng)) for _ in range(poems)]


def _stanzas(rng: random.Random) -> list[str]:
    who, does = THEMES[rng.choice(list(THEMES))]
    people, verbs = who.split("; "), does.split()
    sounds = rng.sample(list(ENDINGS), 2 * STANZAS)
    found = []
    for i in range(STANZAS):
        # two sounds a stanza, and of each two endings: a a b b
        endings = [e for sound in sounds[2 * i : 2 * i + 2] for e in rng.sample(ENDINGS[sound], 2)]
        subjects = rng.sample(people, LINES)
        lines = [f"{s} {rng.choice(verbs)} {e}" for s, e in zip(subjects, endings, strict=True)]
        found.append("{},\n{}.\n{},\n{}.".format(*lines))
    return found


# --- measures -----------------------------------------------------------------------------------


def lines_of(text: str) -> list[str]:
    """The lines of a text that have words, without its blank lines."""
    return [line for line in text.splitlines() if _WORD.search(line.lower())]


def line_length(text: str) -> float:
    """Mean number of words in a line; 0 for a text without any."""
    found = [len(_WORD.findall(line.lower())) for line in lines_of(text)]
    return sum(found) / len(found) if found else 0.0


def stanza_share(text: str) -> float:
    """Share of the stanzas that have four lines, from 0 to 1; blank lines separate stanzas."""
    found = [len(lines_of(part)) for part in re.split(r"\n\s*\n", text) if lines_of(part)]
    return sum(n == LINES for n in found) / len(found) if found else 0.0


def rhyme_rate(text: str) -> float:
    """Share of lines that rhyme with the line before or behind them, from 0 to 1; see `rhymes`.

    A text without lines has the rate 0.
    """
    last = [_WORD.findall(line.lower())[-1] for line in lines_of(text)]
    pairs = [False, *(rhymes(a, b) for a, b in pairwise(last)), False]
    rhymed = [before or behind for before, behind in pairwise(pairs)]
    return sum(rhymed) / len(last) if last else 0.0


def rhymes(first: str, second: str) -> bool:
    """Tell if two words of lower-case letters rhyme; a word does not rhyme with itself.

    Endings of the grammar rhyme by their sound; any other words if they are spelled alike from
    their last vowels on, as "stone" and "bone" are, so that other texts can be measured as well.
    """
    if first == second:
        return False
    if first in SOUND and second in SOUND:
        return SOUND[first] == SOUND[second]
    return _spelled(first) == _spelled(second)


def _spelled(word: str) -> str:
    """A word's end from its last vowels on; a silent e is none of them."""
    found = re.search(r"[aeiouy]+[^aeiouy]*e?$", word)
    return found.group() if found else word
