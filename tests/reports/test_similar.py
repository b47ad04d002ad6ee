"""Submissions with exercises alike: copies are found, honest students are not."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import log2

import numpy as np
import pytest
from support import copies
from support.copies import Cells, obvious, reference, release
from support.notebooks import A7_2, ROOT

from autograder.reports import prints, similar
from autograder.reports.similar import Pair

pairs = partial(similar.pairs, exercises=A7_2)
BITS = -log2(similar.MAX_CHANCE)


def surprise(left: Mapping[str, str], right: Mapping[str, str]) -> float:
    """In bits, of two who are the whole class."""
    found = pairs({"a": left, "b": right}, release(), max_chance=1.0)
    return -log2(found[0].chance) if found else 0.0


def test_of_honest_students_none_is_found() -> None:
    """No exercise is solved the same way."""
    assert max(surprise(left, right) for left, right in copies.other_ways(40, 1)) < BITS / 2


def test_the_most_obvious_solutions_are_not_found() -> None:
    first, second, third = obvious()
    bits = [surprise(first, second), surprise(first, third), surprise(second, third)]
    assert max(bits) < BITS / 2


def test_small_submissions_of_honest_students_are_not_found() -> None:
    rng, bits = random.Random(5), []
    for _ in range(40):
        left, right = rng.sample(obvious(), 2)
        part = {name: left[name] for name in rng.sample(list(A7_2), rng.randint(1, 15))}
        bits.append(surprise(part, right))
    assert max(bits) < BITS / 2


def test_two_who_submitted_too_little_are_not_compared() -> None:
    cells = {name: reference()[name] for name in ("apply_temperature", "filter_top_k")}
    assert pairs({"a": cells, "b": cells}, release()) == []


def verbatim(cells: Cells, rng: random.Random) -> Cells:
    return dict(cells)


def restyled(cells: Cells, rng: random.Random) -> Cells:
    """Other comments, blanks, empty lines, and another order of cells."""
    return {name: copies.restyle(text, rng) for name, text in reversed(cells.items())}


def disguised(cells: Cells, rng: random.Random) -> Cells:
    return {name: copies.disguised(text, rng) for name, text in cells.items()}


COPYING: dict[str, Callable[[Cells, random.Random], Cells]] = {
    "verbatim": verbatim,
    "restyled": restyled,
    "disguised": disguised,
}


@pytest.mark.parametrize("change", COPYING.values(), ids=COPYING)
def test_every_whole_copy_is_found(change: Callable[[Cells, random.Random], Cells]) -> None:
    rng = random.Random(3)
    originals = [*obvious(), *(copies.honest(rng) for _ in range(3))]
    for cells in originals:
        (pair,) = pairs({"a": cells, "b": change(cells, rng)}, release())
        assert set(pair.alike) == set(A7_2)


def test_a_third_copied_in_disguise_is_found_by_name() -> None:
    """Renamed, reordered, and with dead statements; the rates are in the slow test below."""
    rng, found = random.Random(4), 0
    for _ in range(15):
        left, right = copies.honest(rng), copies.honest(rng)
        chosen = rng.sample(list(A7_2), 5)
        copy = {**right, **disguised({name: left[name] for name in chosen}, rng)}
        for pair in pairs({"a": left, "b": copy}, release()):
            found += 1
            assert {*chosen} <= {*pair.alike}
    assert found >= 13


DISGUISES = {
    "names and imports": """
from torch.nn import functional as tf
def filter_top_p(z, limit):
    if limit is None:
        return z
    values, places = torch.sort(z, descending=True)
    chances = tf.softmax(values, dim=-1)
    before = tf.cumsum(chances, -1) - chances
    result = z.clone()
    result[places[before >= limit]] = -torch.inf
    return result
""",
    "order of statements": """
def filter_top_p(logits, p):
    if p is None:
        return logits
    out = logits.clone()
    ordered, order = torch.sort(logits, descending=True)
    probs = torch.nn.functional.softmax(ordered, dim=-1)
    sums = torch.nn.functional.cumsum(probs, -1) - probs
    out[order[sums >= p]] = -torch.inf
    return out
""",
    "dead statements": """
def filter_top_p(logits, p):
    assert logits is not None
    if p is None:
        print("nichts zu tun")
        return logits
    hilf = len(logits)
    hilf += 1
    ordered, order = torch.sort(logits, descending=True)
    "jetzt die Summen"
    probs = torch.nn.functional.softmax(ordered, dim=-1)
    probs = probs
    if False:
        probs = probs * 2
    sums = torch.nn.functional.cumsum(probs, -1) - probs
    out = logits.clone()
    for _ in range(0): pass
    out[order[sums >= p]] = -torch.inf
    hilf
    return out
""",
    "order of operands and keywords": """
def filter_top_p(logits, p):
    if None is p:
        return logits
    ordered, order = torch.sort(logits, descending=True)
    probs: torch.Tensor = torch.nn.functional.softmax(ordered, dim=-1)
    sums = torch.nn.functional.cumsum(probs, -1) - probs
    out = logits.clone()
    out[order[p <= sums]] = -torch.inf
    return out
""",
}
ORIGINAL = """
def filter_top_p(logits, p):
    if p is None:
        return logits
    ordered, order = torch.sort(logits, descending=True)
    probs = torch.nn.functional.softmax(ordered, dim=-1)
    sums = torch.nn.functional.cumsum(probs, -1) - probs
    out = logits.clone()
    out[order[sums >= p]] = -torch.inf
    return out
"""


@pytest.mark.parametrize("text", DISGUISES.values(), ids=DISGUISES)
def test_a_disguise_leaves_the_fingerprints(text: str) -> None:
    original, copy = prints.code_cell(ORIGINAL), prints.code_cell(text)
    common = sum(size for p, size in original.weights.items() if p in copy.weights)
    assert common > 0.9 * original.size


def test_another_computation_has_other_fingerprints() -> None:
    original = prints.code_cell(ORIGINAL)
    other = prints.code_cell(ORIGINAL.replace("- probs", "").replace("sort(", "topk("))
    common = sum(size for p, size in original.weights.items() if p in other.weights)
    assert common < 0.6 * original.size


def test_code_that_many_have_counts_less() -> None:
    """Two share six exercises: of their own, or as everybody in the class writes them."""
    rng = random.Random(1)
    students = {f"s{i}": copies.honest(rng) for i in range(12)}
    shared = {name: reference()[name] for name in [*A7_2][:6]}
    alone = {
        **students,
        "x": {**copies.honest(rng), **shared},
        "y": {**copies.honest(rng), **shared},
    }
    assert ("x", "y") in {pair.students for pair in pairs(alone, release())}
    everybody = {name: {**cells, **shared} for name, cells in alone.items()}
    assert pairs(everybody, release()) == []


def test_who_else_wrote_it_is_counted() -> None:
    other = {"apply_temperature": reference()["apply_temperature"]}
    submissions = {"a": reference(), "b": reference(), "c": {**obvious()[1], **other}}
    pair = pairs(submissions, release())[0]
    assert pair.students == ("a", "b")
    assert {m.exercise for m in pair.exercises if m.others} == {"apply_temperature"}


def test_the_exercises_alike_are_named_in_order() -> None:
    part = {name: reference()[name] for name in list(A7_2)[:9]}
    (pair,) = pairs({"zoe": reference(), "anna": part}, release())
    assert pair.students == ("anna", "zoe")
    assert {m.exercise for m in pair.exercises} == set(part) == set(pair.alike)
    in_the_release = [name for name in release() if name in part]
    assert [m.exercise for m in pair.exercises] == in_the_release


def test_the_least_likely_come_first() -> None:
    rng = random.Random(6)
    half = {name: reference()[name] for name in list(A7_2)[:7]}
    submissions = {
        "copy": disguised(reference(), rng),
        "half": {**obvious()[2], **half},
        "honest": obvious()[1],
        "original": reference(),
    }
    found = pairs(submissions, release())
    names = [("copy", "original"), ("copy", "half"), ("half", "original")]
    assert [p.students for p in found] == names
    assert found[0].chance < found[1].chance
    assert pairs(submissions, release(), max_pairs=1) == found[:1]
    assert pairs(submissions, release(), max_chance=found[0].chance) == found[:1]


def test_cells_as_they_were_released_are_nobodys() -> None:
    assert pairs({"a": release(), "b": release(), "c": {}}, release(), max_chance=1.0) == []


def test_code_that_was_released_is_nobodys() -> None:
    submissions = {"a": reference(), "b": obvious()[1], "c": reference()}
    assert len(pairs(submissions, release())) == 1
    published = {**release(), "explore": "\n\n\n".join(reference().values())}
    assert pairs(submissions, published) == []


def marked(pair: Pair, exercise: str) -> tuple[list[str], list[str]]:
    """The lines of both students that are the same."""
    (match,) = [m for m in pair.exercises if m.exercise == exercise]
    left, right = (
        [line.text.strip() for line in side if line.same] for side in (match.left, match.right)
    )
    return left, right


def found_pair(left: Mapping[str, str], right: Mapping[str, str]) -> Pair:
    (pair,) = pairs({"a": left, "b": right}, release())
    return pair


def test_the_lines_in_common_are_marked() -> None:
    original = '''def repetition_rate(token_ids, n):
    """Anteil der n-Gramme, die vorher schon vorkamen: float von 0 bis 1."""
    # zuerst alle n-Gramme
    grams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]

    return 1 - len(set(grams)) / len(grams) if grams else 0.0'''
    copy = original.replace("grams", "liste").replace("# zuerst alle", "# hier sind die")
    copy = copy.replace(
        "    return", "    assert n > 0, 'n' * 3\n    while n > 1e9: n = yes(n)\n    return"
    )
    rest = {name: text for name, text in reference().items() if name != "repetition_rate"}
    pair = found_pair({**rest, "repetition_rate": original}, {**rest, "repetition_rate": copy})
    left, right = marked(pair, "repetition_rate")
    assert [line.split()[0] for line in left] == ["grams", "return"]
    assert [line.split()[0] for line in right] == ["liste", "return"]
    match = next(m for m in pair.exercises if m.exercise == "repetition_rate")
    assert "\n".join(line.text for line in match.left) == original
    assert "\n".join(line.text for line in match.right) == copy


def test_a_comment_is_marked_if_the_other_one_has_it() -> None:
    theirs = {**reference(), "explore": "# mein Weg\n" + reference()["explore"]}
    left, right = marked(found_pair(theirs, theirs), "explore")
    assert "# mein Weg" in left
    assert "# mein Weg" in right
    left, _ = marked(found_pair(theirs, reference()), "explore")
    assert "# mein Weg" not in left


def test_lines_after_a_class_are_marked_at_their_places() -> None:
    first = "class AVeryLongNameForSomething:\n    def short(self):\n        return [7, 8]\n\n\n"
    text = first + reference()["explore"]
    theirs = {**reference(), "explore": text}
    _, right = marked(found_pair(theirs, theirs), "explore")
    (match,) = [m for m in found_pair(theirs, reference()).exercises if m.exercise == "explore"]
    assert [li.text for li in match.left if li.same] == [li.text for li in match.right if li.same]
    assert "return [7, 8]" in right


def test_answers_in_words_show_but_do_not_count() -> None:
    words = "Der Text wiederholt sich nach wenigen Sätzen, weil immer\ndas Wahrscheinlichste kommt."
    only = {"observation_greedy": words * 20}
    assert pairs({"a": only, "b": only}, release(), max_chance=1.0) == []
    theirs = {**reference(), "observation_greedy": words, "observation_prompt": "Ja."}
    ours = {**theirs, "observation_greedy": words.replace("\n", " ") + "\nBeim zweiten Mal anders!"}
    pair = found_pair(theirs, ours)
    left, right = marked(pair, "observation_greedy")
    assert left == words.split("\n")
    assert right == [words.replace("\n", " ")]
    assert "observation_prompt" not in {m.exercise for m in pair.exercises}


BROKEN = {
    "a syntax error": "def explore(:\n    retrun 'x\n" * 20,
    "control characters": "\x00\x1b[31m\x07def f():\r\n    return 1\r\r\n\x0c\u2028\x85",
    "a lone surrogate": "x = '\ud800'\n" * 30,
    "a byte order mark": "\n\ufeff\n\ufeffdef f(x):\n    return [x for x in range(10) if x > 3]",
    "unicode": "größe = 'ß' * 3  # 😀\nλ = größe + größe\n" * 30,
    "brackets": "(" * 100_000,
    "quotes": "'''" * 50_000,
    "names": "a " * 1_000_000,
    "nothing": "",
    "blanks": " \n\t\n" * 1000,
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_any_text_in_a_cell_can_be_compared(text: str) -> None:
    began = time.monotonic()
    theirs = {**reference(), "explore": text, "observation_greedy": text}
    pair = found_pair(theirs, theirs)
    assert {*A7_2} - {"explore"} <= {*pair.alike}
    for match in pair.exercises:
        shown = "\n".join(line.text for line in match.left)
        assert len(shown) <= prints.MAX_LENGTH
        shown.encode()
        assert not re.search(r"[\x00-\x08\x0b-\x1f]", shown)
    assert time.monotonic() - began < 10


def test_a_broken_cell_that_was_copied_is_shown() -> None:
    theirs = {**reference(), "explore": BROKEN["a syntax error"]}
    assert "explore" in {m.exercise for m in found_pair(theirs, theirs).exercises}


def test_a_class_of_none_or_one_has_no_pairs() -> None:
    assert pairs({}, release()) == []
    assert pairs({"a": reference()}, release()) == []
    assert pairs({"a": {}, "b": {}}, {}) == []


def test_the_arguments_stay_as_they_are() -> None:
    submissions = {"a": dict(reference()), "b": dict(reference())}
    pairs(submissions, release())
    assert submissions == {"a": reference(), "b": reference()}


@pytest.mark.parametrize("max_chance", [0.0, -1.0, 1.1, float("nan")])
def test_a_chance_that_cannot_be_is_refused(max_chance: float) -> None:
    with pytest.raises(ValueError, match=r"max_chance must be in \(0, 1\], was: "):
        pairs({}, {}, max_chance=max_chance)


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    assert pairs({"a": reference(), "b": reference()}, release())
    assert capfd.readouterr() == ("", "")


def test_chances_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "import sys, json; from autograder.reports.similar import pairs;"
        "found = pairs(*json.load(sys.stdin), max_chance=1.0); print([p.chance for p in found])"
    )
    shared = {name: reference()[name] for name in list(A7_2)[:9]}
    submissions = {"a": reference(), **{str(i): {**obvious()[i], **shared} for i in (1, 2)}}
    told, seen = json.dumps([submissions, release(), list(A7_2)]), []
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=told,
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        seen.append(done.stdout)
    assert seen[0] == seen[1]
    assert seen[0].count(",") == 2


@pytest.mark.slow
def test_rates_in_classes_of_thirty_and_three_hundred() -> None:
    """Prints the rates of BENCHMARKS.md.

    Honest students take ways by chance and write in their own style; a copy has five exercises of
    somebody else's, disguised.
    """
    shown = seen = 0
    for seed in range(3):
        students = copies.honest_class(300, seed)
        began = time.monotonic()
        shown += len(listed(students))
        assert time.monotonic() - began < 60
        seen += 300 * 299 // 2
        if seed == 0:
            changed, made = copies.with_copies(students, 60, 5, seed)
            hits = len(listed(changed) & {*made})
            print(f"class of 300: {hits} of {len(made)} copies found")
            assert hits >= 0.95 * len(made)
    print(f"honest: {shown} of {seen} shown")
    assert shown <= 3
    hits = tried = 0
    for seed in range(40):
        changed, made = copies.with_copies(copies.honest_class(30, 50 + seed), 5, 5, seed)
        hits, tried = hits + len(listed(changed) & {*made}), tried + len(made)
    print(f"classes of 30: {hits} of {tried} copies found")
    assert hits >= 0.95 * tried


def listed(students: Sequence[Cells]) -> set[tuple[int, int]]:
    found = pairs({f"{i:03}": cells for i, cells in enumerate(students)}, release())
    return {(int(pair.students[0]), int(pair.students[1])) for pair in found}


def test_of_pairs_with_other_ways_none_is_shown() -> None:
    """Two who are the whole class; each two ways of an exercise are compared once."""
    rng, reader = np.random.default_rng(1), similar._CellReader(release(), A7_2)
    drawn = []
    for name, ways in copies.pools().items():
        read = [reader.submission(str(i), {name: way}) for i, way in enumerate(ways)]
        among_two = [similar._Likeness(two, name).bits[0, 1] for two in combinations(read, 2)]
        drawn.append(Drawn(rng.choice(among_two, (100_000, 1))))
    bits = similar._pair_bits(drawn, 0)
    print(f"most surprising: {bits.max():.1f} bits")
    assert (bits >= BITS).sum() == 0


@dataclass
class Drawn:
    bits: np.ndarray
