"""Data as a text that a notebook carries, signed against accidental change."""

import base64
import hashlib
import zlib

MAX_UNPACKED = 20_000_000  # bytes
_SIGNATURE = 12  # bytes


def pack(data: bytes) -> str:
    """Compress data into a text that `unpack` reads."""
    content = zlib.compress(data, 9)
    return base64.b64encode(hashlib.sha256(content).digest()[:_SIGNATURE] + content).decode()


def unpack(text: str) -> bytes:
    """Read what `pack` wrote. ValueError for anything else, and for more than MAX_UNPACKED."""
    packed = base64.b64decode(text, validate=True)
    signature, content = packed[:_SIGNATURE], packed[_SIGNATURE:]
    if hashlib.sha256(content).digest()[:_SIGNATURE] != signature:
        raise ValueError("another signature")
    reader = zlib.decompressobj()
    try:
        data = reader.decompress(content, MAX_UNPACKED)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not reader.eof:
        raise ValueError(f"more than {MAX_UNPACKED:,} bytes")
    return data
