"""The colours of pictures, laboratory and pages: one blue, one orange.

In order of lightness, so that they differ in a grey print and for colour-blind eyes. The first
three have a contrast of at least 3:1 on white (WCAG 2.2, 1.4.11), and black text is legible on the
last two.
"""

import math

DARK, BLUE, ORANGE, GREY = "#222222", "#1b6ca8", "#d97706", "#b8b8b8"
PALE_ORANGE = "#fff7e6"  # the light end of a scale that ends in ORANGE
LIKELY, UNLIKELY = PALE_ORANGE, ORANGE  # backgrounds of tokens, in the laboratory and in pictures
MIN_SHADED = 1e-3  # smaller probabilities have the colour of this one


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of a colour, each from 0 to 255: `#d97706` -> (217, 119, 6)."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def shade(prob: float) -> tuple[int, int, int]:
    """Red, green and blue: light for a likely token, darker for an unlikely one; logarithmic."""
    share = math.log(max(prob, MIN_SHADED)) / math.log(MIN_SHADED)
    pairs = zip(rgb(LIKELY), rgb(UNLIKELY), strict=True)
    red, green, blue = (round(a + share * (b - a)) for a, b in pairs)
    return red, green, blue
