"""Reading submissions: any bytes give a notebook with the release's structure, or a refusal."""

from __future__ import annotations

import copy
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from support.notebooks import EXERCISES, RELEASE, places

from autograder.notebooks import intake, reader
from autograder.notebooks.cells import metadata_of, read_notebook
from autograder.notebooks.structure import Rebuilt, rebuild

CONTENT = json.loads(RELEASE.read_text(encoding="utf-8"))


def rebuilt(data: Any) -> Rebuilt:
    return rebuild(read_notebook(RELEASE), reader.parse(json.dumps(data).encode()), EXERCISES)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b"null",
        b'{"nbformat": 4}',
        b'{"nbformat": 4, "cells": 5}',
        b'{"nbformat": 4, "cells": [[]]}',
        b'{"nbformat": 3, "worksheets": 5}',
        b'{"nbformat": 4, "metadata": [], "cells": []}',
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "metadata": [], "source": "1"}]}',
        b'{"nbformat": true, "cells": []}',
    ],
)
def test_what_is_no_notebook_is_refused(content: bytes) -> None:
    with pytest.raises(reader.UnreadableError, match=r"not JSON|not a notebook"):
        reader.parse(content)


def test_links_folders_pipes_and_large_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("{}")
    (tmp_path / "link").symlink_to(secret)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", ".", "nothing"):
        with pytest.raises(reader.UnreadableError):
            intake.read_bytes(tmp_path / name)
    monkeypatch.setattr(intake, "MAX_BYTES", 1)
    with pytest.raises(reader.UnreadableError, match="must not be larger than 1 bytes, was: 2"):
        intake.read_bytes(secret)


def test_only_text_comes_along() -> None:
    data = json.loads(json.dumps(CONTENT))
    data["metadata"] = {"kernelspec": {"name": "evil"}, "celltoolbar": "x"}
    for cell in data["cells"]:
        cell["metadata"].setdefault("nbgrader", {})["points"] = 1000
        cell["metadata"]["tags"] = ["raises-exception"]
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1000"}]
    data["cells"].append(
        {"cell_type": "code", "metadata": {"tags": ["x"]}, "source": "a = 1\u0000\ud800"}
    )
    taken = rebuilt(data)
    assert taken.flags == ()
    released = read_notebook(RELEASE)
    assert taken.notebook.metadata == released.metadata
    found = {metadata_of(c).get("grade_id"): c for c in taken.notebook.cells}
    for cell in released.cells:
        if grade_id := metadata_of(cell).get("grade_id"):
            assert found[grade_id] == cell
    assert not any(c.get("outputs") for c in taken.notebook.cells)
    # the tag of a cell is the release's: only a cell that is unchanged has it
    tagged = [c.source for c in taken.notebook.cells if c.metadata.get("tags")]
    assert tagged == [c.source for c in released.cells if c.metadata.get("tags")]
    assert {t for c in taken.notebook.cells for t in c.metadata.get("tags", [])} == {"display-only"}
    assert taken.notebook.cells[-1].source == "a = 1?"


def test_the_order_is_the_releases_and_added_cells_stay() -> None:
    data = json.loads(json.dumps(CONTENT))
    place = next(i for i, c in enumerate(data["cells"]) if c["id"] == "top_tokens")
    data["cells"].insert(place, {"cell_type": "code", "metadata": {}, "source": ["x = ", "1"]})
    data["cells"].append(data["cells"].pop(0))
    ids = [c.id for c in rebuilt(data).notebook.cells]
    graded = [metadata_of(c)["grade_id"] for c in read_notebook(RELEASE).cells if metadata_of(c)]
    assert [i for i in ids if not i.startswith("added-")] == graded
    cells = rebuilt(data).notebook.cells
    assert cells[ids.index("top_tokens") - 1].source == "x = 1"


def test_broken_notebooks_are_rebuilt_or_refused() -> None:
    """2,000 notebooks with something random in a random place."""
    rng = random.Random(7)
    values = [None, 5, "x", [], {}, [1], {"nbgrader": 3}, True, "\ud800", -1e308]

    refused = 0
    known = [metadata_of(c)["grade_id"] for c in read_notebook(RELEASE).cells if metadata_of(c)]
    for _ in range(500):
        data = json.loads(json.dumps({**CONTENT, "cells": rng.sample(CONTENT["cells"], 4)}))
        for _ in range(rng.randint(1, 3)):
            node, key = rng.choice(places(data))
            node[key] = copy.deepcopy(rng.choice(values))
        try:
            taken = rebuilt(data)
        except reader.UnreadableError:
            refused += 1
            continue
        there = [metadata_of(c)["grade_id"] for c in taken.notebook.cells if metadata_of(c)]
        assert sorted(there) == sorted(known)
    assert 0 < refused < 500
