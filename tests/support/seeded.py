"""A prompt and settings whose seeded texts are compared on several devices."""

from __future__ import annotations

from typing import Any

PROMPT = "The old king"
SETTINGS: list[dict[str, Any]] = [
    {"do_sample": False},
    {"repetition_penalty": 1.5},
    {"do_sample": True},
    {"do_sample": True, "temperature": 0.7, "top_p": 0.5},
    {"do_sample": True, "temperature": 1.3, "top_k": 20},
    {"do_sample": True, "repetition_penalty": 1.3, "temperature": 1.5, "top_k": 50, "top_p": 0.9},
]
