"""Pictures that a student pasted into a text: kept if they are what they say they are.

An editor keeps them beside the text (an attachment) or in it (a data address). Both become an
attachment with a name of ours; whatever else looks like a picture stays text.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
MAX_BYTES = 5_000_000  # of a picture, as base64
MAX_PICTURES = 20  # of a text
# our own reference, the only one that a page shows as a picture
REFERENCE = re.compile(r"!\[\]\(attachment:(picture-\d+)\)")
# bounded, and without a part that two repetitions could share: a text may be hostile
_SOURCE = (
    r"(?:attachment:(?P<{0}name>[^)\"'\n]{{1,300}}?)|"
    r"data:(?P<{0}mime>image/\w{{1,20}});base64,(?P<{0}data>[A-Za-z0-9+/=]+))"
)
_PASTED = re.compile(
    rf"!\[[^\[\]\n]{{0,300}}\]\({_SOURCE.format('m')}(?: [\"'][^\"'\n]{{0,300}}[\"'])? ?\)"
    rf"|<img\b[^<>]{{0,300}}?\bsrc=[\"']{_SOURCE.format('h')}[\"'][^<>]{{0,300}}>"
)
_LEFT_OUT = "[Bild nicht übernommen: nur PNG und JPEG bis {mb} MB · picture left out: only PNG and "
_LEFT_OUT += "JPEG up to {mb} MB]"


def picture(mime: Any, content: Any) -> str | None:
    """Return a PNG's or JPEG's base64 without blanks; None for anything else."""
    if mime not in SIGNATURES or not isinstance(content, str) or len(content) > MAX_BYTES:
        return None
    try:
        data = base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return base64.b64encode(data).decode() if data.startswith(SIGNATURES[mime]) else None


def pictures(attachments: Any) -> dict[str, dict[str, str]]:
    """The attachments of a cell that are pictures."""
    found: dict[str, dict[str, str]] = {}
    for name, bundle in attachments.items() if isinstance(attachments, Mapping) else ():
        for mime, content in bundle.items() if isinstance(bundle, Mapping) else ():
            joined = "".join(map(str, content)) if isinstance(content, list) else content
            if (data := picture(mime, joined)) is not None:
                found[name] = {mime: data}
    return found


class Album:
    """The pictures of one text, which may come from several cells."""

    def __init__(self) -> None:
        self.attachments: dict[str, dict[str, str]] = {}

    def text_of(self, text: str, attachments: Any) -> str:
        """Return a cell's text with references to this album in place of its own."""
        given = pictures(attachments)
        shown: set[str] = set()

        def kept(found: re.Match[str]) -> str:
            parts = {key[1:]: value for key, value in found.groupdict().items() if value}
            name = parts.get("name", "")
            name = name if name in given else unquote(name)
            shown.add(name)
            pasted = pictures({"": {parts.get("mime"): parts.get("data")}}).get("")
            return self._kept(given.get(name, pasted))

        text = _PASTED.sub(kept, text)
        rest = attachments if isinstance(attachments, Mapping) else ()
        more = [self._kept(given.get(name)) for name in rest if name not in shown]
        return "\n\n".join([text, *more]) if more else text

    def _kept(self, bundle: dict[str, str] | None) -> str:
        if bundle is None or len(self.attachments) >= MAX_PICTURES:
            return _LEFT_OUT.format(mb=MAX_BYTES // 1_000_000)
        name = f"picture-{len(self.attachments) + 1}"
        self.attachments[name] = bundle
        return f"![](attachment:{name})"
