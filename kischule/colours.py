"""The colours of pictures, laboratory and pages: one blue, one orange.

In order of lightness, so that they differ in a grey print and for colour-blind eyes. The first
three have a contrast of at least 3:1 on white (WCAG 2.2, 1.4.11), and black text is legible on the
last two.
"""

DARK, BLUE, ORANGE, GREY = "#222222", "#1b6ca8", "#d97706", "#b8b8b8"
PALE_ORANGE = "#fff7e6"  # the light end of a scale that ends in ORANGE


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of a colour, each from 0 to 255: `#d97706` -> (217, 119, 6)."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
