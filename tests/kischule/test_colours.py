"""Contrast of the colours, after WCAG 2.2."""

from __future__ import annotations

import pytest

from kischule.colours import BLUE, DARK, GREY, ORANGE, PALE_ORANGE, rgb


def _luminance(colour: str) -> float:
    parts = (part / 255 for part in rgb(colour))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_follows_the_definition() -> None:
    assert rgb("#d97706") == (217, 119, 6)
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)


def test_marks_are_visible_on_white() -> None:
    assert min(_contrast(colour, "#ffffff") for colour in (DARK, BLUE, ORANGE)) >= 3


def test_colours_differ_in_a_grey_print() -> None:
    lightness = [_luminance(colour) for colour in (DARK, BLUE, ORANGE, GREY)]
    assert lightness == sorted(lightness)
    neighbours = [(DARK, BLUE), (BLUE, ORANGE), (ORANGE, GREY)]
    assert min(_contrast(*pair) for pair in neighbours) > 1.5


def test_dark_text_is_legible_on_light_colours() -> None:
    assert min(_contrast(colour, "#111111") for colour in (ORANGE, GREY, PALE_ORANGE)) >= 4.5
