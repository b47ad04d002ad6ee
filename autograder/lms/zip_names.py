"""Names of files that do not say in which code page they are.

As 7-Zip decides (`CPP/7zip/Archive/Zip/ZipItem.cpp`, `GetUnicodeString`): flag 11 says UTF-8; else
the Unicode path field 0x7075 counts, if its checksum fits the name; else UTF-8, if it is. What
remains was written by Windows in an OEM or ANSI code page, and 7-Zip takes that of the machine it
runs on. Here the one that gives letters is taken, for all names of an archive alike.
"""

import binascii
import os
import re
import struct
import unicodedata
import zipfile
from collections.abc import Iterable
from pathlib import Path

CODE_PAGES = ("cp850", "cp437", "cp1252")  # Western Europe's OEM, the United States', ANSI
UTF_8_FLAG = 0x800  # bit 11
UNICODE_PATH = 0x7075
GERMAN_LETTERS = "äöüßÄÖÜ"


def known(info: zipfile.ZipInfo) -> str | bytes:
    """The name of a zip's entry, or its bytes if their code page is not known."""
    if info.flag_bits & UTF_8_FLAG:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437")  # as which Python has read it
    return _unicode_path(info.extra, raw) or _as_utf_8(raw)


def with_true_flags(content: bytes) -> bytes:
    """A zip without flag 11 where a name is not UTF-8: one such name, and Python reads nothing."""
    changed = bytearray(content)
    # before each file, and again in the list of all; where in it flag, length and name are
    for signature, flag, length, name in ((b"PK\x03\x04", 7, 26, 30), (b"PK\x01\x02", 9, 28, 46)):
        for header in re.finditer(signature, content):
            at = header.start()
            size = int.from_bytes(content[at + length : at + length + 2], "little")
            if isinstance(_as_utf_8(content[at + name : at + name + size]), bytes):
                changed[at + flag] &= 0xFF ^ UTF_8_FLAG >> 8
    return bytes(changed)


def of_path(path: Path) -> str | bytes:
    """The name of a file on this machine, or its bytes; `unzip` writes what a zip says."""
    return _as_utf_8(os.fsencode(path.as_posix()))


def code_page(names: Iterable[bytes]) -> str:
    """The code page that gives the most plausible letters, over all names."""
    names = list(names)
    return max(CODE_PAGES, key=lambda page: sum(_plausible(name, page) for name in names))


def _as_utf_8(raw: bytes) -> str | bytes:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """The name of field 0x7075; "" if there is none, or if it belongs to another name."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        data, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == UNICODE_PATH and len(data) > 5:
            version, checksum = struct.unpack_from("<BL", data)
            name = _as_utf_8(data[5:])
            fits = version == 1 and checksum == binascii.crc32(raw)
            return name if fits and isinstance(name, str) else ""
    return ""


def _plausible(raw: bytes, page: str) -> int:
    """Rate a code page for a name: by the letters that it gives, less what is no letter."""
    try:
        name = raw.decode(page)
    except UnicodeDecodeError:
        return -10 * len(raw)
    points = 0
    for before, character in zip(f" {name}", name, strict=False):
        if character.isascii():
            continue
        if not unicodedata.name(character, "").startswith("LATIN "):
            points -= 3
        elif not (character.isupper() and before.islower()):
            points += 3 if character in GERMAN_LETTERS else 2
    return points
