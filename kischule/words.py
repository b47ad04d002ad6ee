"""What a student reads from `kischule`, in German and English: the only place with such words.

German unless the environment variable KISCHULE_LANGUAGE is `en`; the notebook's English edition
sets it in its first cell.
"""

from __future__ import annotations

import os

LANGUAGE_VARIABLE = "KISCHULE_LANGUAGE"


def language() -> str:
    """The language of the notebook: `de`, or `en` where KISCHULE_LANGUAGE says so."""
    return "en" if os.environ.get(LANGUAGE_VARIABLE, "").lower().startswith("en") else "de"
