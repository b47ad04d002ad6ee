"""German that says du: the sentences that say Sie, each with its edition for pupils.

`messages.json` holds those of the package's messages, the other files those of an assignment:
exercises and notebook. A sentence that is not there stays, as a teacher's own do. One that says Sie
to nobody ("they") has itself as its edition.
"""

import json
import re
from functools import cache, lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent
# of a line: indents, and the marks of lists, headings, tables and comments
_MARKS = r"[^\S\n]*(?:(?:[*#>|-]+|\d+\.)[^\S\n]+)*"
# a full stop after a word: not of `z. B.`, nor of a number
_END = r"(?:(?<=[^\s.]{2}[.!?])|(?<=[.!?]\*\*)|(?<=[.!?][“”)*]))[^\S\n]+"
_BETWEEN = re.compile(rf"((?:\A|\n){_MARKS}|{_END})")


def sentences(text: str) -> list[str]:
    """The sentences of a text, and in the odd places what stands between them."""
    return _BETWEEN.split(text)


@lru_cache(maxsize=4096)
def informal(text: str) -> str:
    """The text with the sentences that are known in their edition that says du."""
    known = catalogue()
    return "".join(known.get(each, each) for each in sentences(text))


@cache
def catalogue() -> dict[str, str]:
    """The sentences of all files, with their editions."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.json")):
        found |= json.loads(path.read_text(encoding="utf-8"))
    return found
