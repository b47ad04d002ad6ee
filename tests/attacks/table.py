"""README.md: every attack, and what came of it on stock nbgrader and in each tier of the sandbox.

`python tests/attacks/table.py` writes the columns of the tiers, from what the tests assert;
`stock.py` runs the attacks on stock nbgrader and writes that column.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from attacks import small, structure

README = Path(__file__).parent / "README.md"
NOTHING = "–"
WORDS = {"timeout": "out of time", "memory": "out of memory", "unreadable": "not read"}
HEAD = """# Hostile notebooks

Each is a cell, or a change of the notebook, in a submission with one of three exercises solved.
`tests/grading/test_attacks.py` grades all of them with this project's engine, in each tier of the
sandbox. For every one it asserts: the score of an honest reading, nothing found, nothing changed
outside, no process left, a limited time. The last two columns say what else it asserts: how the
submission ends, and what is seen to be there without namespaces, though it cannot be read.

The first column of the three is what stock nbgrader {version} made of the same submission, with its
default configuration and test cells that call the same `check` in the student's kernel
(`python tests/attacks/stock.py`). Of {count}, {harmed} did harm there, {forged} of them by points
that were not deserved. –: nothing of what was looked for.

| attack | what it does | stock nbgrader | namespaces | landlock |
|---|---|---|---|---|
"""


def outcomes() -> dict[str, tuple[str, str, str]]:
    """What each attack does, and its ends in the two tiers, as the tests expect them."""
    found = {}
    for attack in small.attacks():
        ends = [WORDS[word] for word in attack.expect if word in WORDS]
        seen = ["seen to be there"] if "seen" in attack.expect else []
        found[attack.name] = attack.says, _joined(ends), _joined(ends + seen)
    for name, expected in structure.EXPECT.items():
        ends = [WORDS[word] for word in [expected.get("status")] if word in WORDS]
        says = getattr(structure, name).__doc__.splitlines()[0]
        found[f"structure/{name}"] = says, _joined(ends), _joined(ends)
    return found


def _joined(words: list[str]) -> str:
    return ", ".join(words) or NOTHING


def table(stock: Mapping[str, str]) -> str:
    """The page, with what came of each attack on stock nbgrader."""
    rows = [
        f"| {name} | {says} | {stock[name]} | {first} | {second} |"
        for name, (says, first, second) in outcomes().items()
    ]
    harmed = sum(came != NOTHING for came in stock.values())
    forged = sum("deserved" in came for came in stock.values())
    counts = {"count": len(rows), "harmed": harmed, "forged": forged}
    return HEAD.format(version=version("nbgrader"), **counts) + "\n".join(rows) + "\n"


def stock_column() -> dict[str, str]:
    """What the page says of stock nbgrader."""
    found = re.findall(r"^\| (\w+/\w+) \| .+? \| (.+?) \|", README.read_text("utf-8"), re.MULTILINE)
    return dict(found)


if __name__ == "__main__":
    README.write_text(table(stock_column()), encoding="utf-8")
