"""Mutants of a sampling loop: one mistake in one setting, always or beside another setting."""

from __future__ import annotations

import re
from collections.abc import Iterator

# the settings of sampling, in their order, and when each is on
SETTINGS = {
    "repetition_penalty": "repetition_penalty not in (None, 1.0)",
    "temperature": "temperature not in (None, 1.0)",
    "top_k": "top_k not in (None, 0)",
    "top_p": "top_p not in (None, 1.0)",
}
CUTS = ("top_k", "top_p")  # the others change weights


def setting_mutants(source: str) -> Iterator[tuple[str, str, str, str]]:
    """(setting, mistake, condition, mutated source) for a loop that applies one setting a line.

    The mistake is made always (condition ""), or only where another setting is on, or off.
    """
    lines = {s: re.search(rf"^( *)logits = .*\b{s}\)$", source, re.MULTILINE) for s in SETTINGS}
    right = [found[0].strip() for found in lines.values() if found]
    first, last = lines["repetition_penalty"], lines["top_p"]
    assert len(right) == len(SETTINGS)
    assert first
    assert last
    before, after = source[: first.start()], source[last.end() :]
    for setting in SETTINGS:
        for mistake, wrong in _setting_mistakes(setting, right):
            for condition, test in _conditions(setting):
                body = [f"if {test}:", *(f"    {line}" for line in wrong)]
                body += ["else:", *(f"    {line}" for line in right)]
                inside = "\n".join(first[1] + line for line in body)
                yield setting, mistake, condition, before + inside + after


def _conditions(setting: str) -> Iterator[tuple[str, str]]:
    yield "", "True"
    for other, on in SETTINGS.items():
        if other != setting:
            yield f"{other} on", on
            yield f"{other} off", f"not ({on})"


def _setting_mistakes(setting: str, right: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The mistakes that can be made with one setting, each with the lines that make it."""
    own = right[list(SETTINGS).index(setting)]
    others = [line for line in right if line != own]
    yield "lost", others
    draw = "logits = logits.masked_fill(~kept, float('-inf'))"
    raw, kept = "raw = logits", "kept = torch.isfinite(logits)"
    if setting in CUTS:
        evenly = f"logits = torch.zeros_like(logits) if {SETTINGS[setting]} else logits"
        yield "drawn evenly", [*right, kept, evenly, draw]
    else:
        weights = [line for line in others if not any(cut in line for cut in CUTS)]
        yield "drawn without", [raw, *right, kept, "logits = raw", *weights, draw]
    if setting == "top_p":
        yield "first", [own, *others]
    else:
        yield "last", [*others, own]
