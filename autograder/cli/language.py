"""The language of the command: chosen by --language, the course, or the system."""

import argparse
import ast
import json
import locale
import os
from contextlib import suppress
from pathlib import Path

from kischule.i18n import LANGUAGES

CONFIG_NAME = "nbgrader_config"
# what reading a file that is missing or malformed may raise
BROKEN = (OSError, ValueError, LookupError, TypeError, AttributeError, SyntaxError, RecursionError)
SETTINGS = ("Kischule.language", "FeedbackPage.language")  # the first that is there counts


def spoken(options: argparse.Namespace) -> str:
    """The language of messages, tables and errors: de or en."""
    own = options.language if options.module == "check" else None  # the student's report, all of it
    course = getattr(options, "course", None)
    return options.spoken or own or (of_course(course) if course else "") or of_system()


def of_course(folder: Path) -> str:
    """The language that a course's configuration sets; "" if it sets none.

    The file is read and not run, for which nbgrader would have to be imported before the first
    line: only a plain `c.Kischule.language = "de"` counts.
    """
    found: dict[str, object] = {}
    with suppress(*BROKEN):
        data = json.loads((folder / f"{CONFIG_NAME}.json").read_bytes())
        found |= {f"{name}.{key}": v for name in data for key, v in data[name].items()}
    with suppress(*BROKEN):
        for node in ast.parse((folder / f"{CONFIG_NAME}.py").read_bytes()).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                names = [".".join(ast.unparse(t).split(".")[-2:]) for t in node.targets]
                found |= dict.fromkeys(names, node.value.value)
    chosen = [found[name] for name in SETTINGS if name in found]
    return str(chosen[0]) if chosen and chosen[0] in LANGUAGES else ""


def of_system() -> str:
    """The language of the system's locale: German if it is, else English."""
    named = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    name = named or locale.getlocale()[0] or ""
    return "de" if name.casefold().startswith(("de", "german")) else "en"
