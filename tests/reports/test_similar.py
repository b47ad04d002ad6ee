"""Submissions with nearly the same code: copies are found, honest students are not."""

from __future__ import annotations

import ast
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial

import pytest
from support.notebooks import A7_2, RELEASE, ROOT, reference_cells

from autograder.errors import MissingPackageError
from autograder.exercises.known import known_correct
from autograder.notebooks.cells import metadata_of, read_notebook
from autograder.reports import similar
from autograder.reports.similar import Pair

Cells = dict[str, str]

pairs = partial(similar.pairs, exercises=A7_2)

# Two whole notebooks solved the most obvious way, written from the exercises' texts alone: as much
# alike as two students of the same lecture get without seeing each other's.
OBVIOUS = (
    """
def encode_prompt(tokenizer, prompt_text):
    return tokenizer(prompt_text, return_tensors="pt").input_ids


def ends_in_space_token(tokenizer, prompt_text):
    ids = encode_prompt(tokenizer, prompt_text)
    last_token = tokenizer.decode(ids[0, -1])
    return last_token.strip() == ""


def next_token_probs(model, input_ids):
    with torch.no_grad():
        outputs = model(input_ids)
    logits = outputs.logits[0, -1, :]
    return torch.softmax(logits, dim=-1)


def top_tokens(tokenizer, probs, k):
    values, indices = torch.topk(probs, k)
    result = []
    for value, index in zip(values, indices):
        result.append((tokenizer.decode(index), value.item()))
    return result


def greedy_decode(model, input_ids, max_length):
    while input_ids.shape[1] < max_length:
        probs = next_token_probs(model, input_ids)
        next_token = torch.argmax(probs)
        input_ids = torch.cat([input_ids, next_token.reshape(1, 1)], dim=1)
        if next_token.item() == model.config.eos_token_id:
            break
    return input_ids


def sequence_log_prob(model, input_ids, prompt_length):
    with torch.no_grad():
        logits = model(input_ids).logits
    log_probs = torch.log_softmax(logits[0], dim=-1)
    total = 0.0
    for i in range(prompt_length, input_ids.shape[1]):
        total += log_probs[i - 1, input_ids[0, i]].item()
    return total


def apply_repetition_penalty(logits, input_ids, penalty):
    new_logits = logits.clone()
    if penalty is None:
        return new_logits
    for token in set(input_ids[0].tolist()):
        if new_logits[token] > 0:
            new_logits[token] = new_logits[token] / penalty
        else:
            new_logits[token] = new_logits[token] * penalty
    return new_logits


def apply_temperature(logits, temperature):
    if temperature is None:
        return logits
    return logits / temperature


def filter_top_k(logits, k):
    if k is None or k == 0:
        return logits
    k = min(k, logits.shape[0])
    threshold = torch.topk(logits, k).values[-1]
    result = logits.clone()
    result[result < threshold] = float("-inf")
    return result


def filter_top_p(logits, p):
    if p is None or p >= 1.0:
        return logits
    sorted_logits, sorted_indices = torch.sort(logits, descending=True)
    sorted_probs = torch.softmax(sorted_logits, dim=-1)
    cumulative = torch.cumsum(sorted_probs, dim=-1)
    remove = cumulative - sorted_probs >= p
    result = logits.clone()
    result[sorted_indices[remove]] = float("-inf")
    return result


def sample_decode(
    model,
    input_ids,
    max_length,
    *,
    repetition_penalty=1.0,
    temperature=1.0,
    top_k=None,
    top_p=None,
    seed=0,
):
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        with torch.no_grad():
            logits = model(input_ids).logits[0, -1, :]
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        probs = torch.softmax(logits, dim=-1)
        next_token = torch.multinomial(probs, 1, generator=generator)
        input_ids = torch.cat([input_ids, next_token.reshape(1, 1)], dim=1)
        if next_token.item() == model.config.eos_token_id:
            break
    return input_ids


def generate_text(tokenizer, model, prompt_text, **parameters):
    input_ids = encode_prompt(tokenizer, prompt_text)
    output = model.generate(input_ids, pad_token_id=tokenizer.eos_token_id, **parameters)
    return tokenizer.decode(output[0])


def repetition_rate(token_ids, n):
    seen = set()
    repeated = 0
    total = 0
    for i in range(len(token_ids) - n + 1):
        ngram = tuple(token_ids[i:i + n])
        if ngram in seen:
            repeated += 1
        seen.add(ngram)
        total += 1
    if total == 0:
        return 0.0
    return repeated / total


def explore(tokenizer, model, prompt_text, settings):
    results = []
    prompt_length = encode_prompt(tokenizer, prompt_text).shape[1]
    for setting in settings:
        text = generate_text(tokenizer, model, prompt_text, **setting)
        ids = encode_prompt(tokenizer, text)
        tokens = ids[0].tolist()
        bigrams = [tuple(tokens[i:i + 2]) for i in range(len(tokens) - 1)]
        log_prob = sequence_log_prob(model, ids, prompt_length)
        results.append({
            "setting": setting,
            "text": text,
            "repetition_rate": repetition_rate(tokens, 4),
            "distinct_2": len(set(bigrams)) / len(bigrams),
            "mean_log_prob": log_prob / (len(tokens) - prompt_length),
        })
    return results


def beam_search(model, input_ids, max_length, num_beams):
    beams = [(input_ids, 0.0, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = []
        for ids, score, done in beams:
            if done:
                candidates.append((ids, score, done))
                continue
            with torch.no_grad():
                log_probs = torch.log_softmax(model(ids).logits[0, -1, :], dim=-1)
            values, indices = torch.topk(log_probs, min(num_beams, len(log_probs)))
            for value, index in zip(values, indices):
                new_ids = torch.cat([ids, index.reshape(1, 1)], dim=1)
                finished = index.item() == model.config.eos_token_id
                candidates.append((new_ids, score + value.item(), finished))
        candidates.sort(key=lambda c: c[1], reverse=True)
        beams = candidates[:num_beams]
    return beams[0][0]


def filter_min_p(logits, p):
    if p is None:
        return logits
    probs = torch.softmax(logits, dim=-1)
    result = logits.clone()
    result[probs < p * probs.max()] = float("-inf")
    return result
""",
    """
def encode_prompt(tokenizer, prompt_text):
    encoded = tokenizer.encode(prompt_text, return_tensors="pt")
    return encoded.to("cpu")


def ends_in_space_token(tokenizer, prompt_text):
    tokens = tokenizer.encode(prompt_text)
    if len(tokens) == 0:
        return False
    return tokenizer.decode([tokens[-1]]).isspace()


def next_token_probs(model, input_ids):
    with torch.no_grad():
        logits = model(input_ids).logits
    # nur die letzte Position
    last = logits[0, -1]
    return torch.nn.functional.softmax(last, dim=0)


def top_tokens(tokenizer, probs, k):
    top = torch.topk(probs, k)
    return [(tokenizer.decode([i]), p) for p, i in zip(top.values.tolist(), top.indices.tolist())]


def greedy_decode(model, input_ids, max_length):
    ids = input_ids
    for _ in range(max_length - input_ids.shape[1]):
        with torch.no_grad():
            logits = model(ids).logits
        new_id = logits[0, -1].argmax()
        ids = torch.cat((ids, new_id.view(1, 1)), dim=1)
        if new_id == model.config.eos_token_id:
            break
    return ids


def sequence_log_prob(model, input_ids, prompt_length):
    with torch.no_grad():
        log_probs = model(input_ids).logits[0].log_softmax(dim=-1)
    log_prob_sum = 0
    for pos in range(prompt_length, input_ids.shape[1]):
        token = input_ids[0, pos]
        log_prob_sum += log_probs[pos - 1, token]
    return float(log_prob_sum)


def apply_repetition_penalty(logits, input_ids, penalty):
    if penalty is None or penalty == 1.0:
        return logits
    out = logits.clone()
    for i in input_ids[0].unique():
        if out[i] > 0:
            out[i] /= penalty
        else:
            out[i] *= penalty
    return out


def apply_temperature(logits, temperature):
    if temperature is None or temperature == 1.0:
        return logits
    return logits / temperature


def filter_top_k(logits, k):
    if not k:
        return logits
    values, _ = torch.topk(logits, min(k, len(logits)))
    smallest = values[-1]
    return torch.where(logits < smallest, torch.tensor(float("-inf")), logits)


def filter_top_p(logits, p):
    if p is None:
        return logits
    probs = torch.softmax(logits, dim=-1)
    sorted_probs, order = torch.sort(probs, descending=True)
    total = 0.0
    keep = []
    for prob, index in zip(sorted_probs, order):
        keep.append(index.item())
        total += prob.item()
        if total >= p:
            break
    out = torch.full_like(logits, float("-inf"))
    out[keep] = logits[keep]
    return out


def sample_decode(
    model,
    input_ids,
    max_length,
    *,
    repetition_penalty=1.0,
    temperature=1.0,
    top_k=None,
    top_p=None,
    seed=0,
):
    gen = torch.Generator()
    gen.manual_seed(seed)
    ids = input_ids
    for _ in range(max_length - input_ids.shape[1]):
        with torch.no_grad():
            logits = model(ids).logits[0, -1]
        logits = apply_repetition_penalty(logits, ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new_id = torch.multinomial(torch.softmax(logits, dim=-1), num_samples=1, generator=gen)
        ids = torch.cat((ids, new_id.view(1, 1)), dim=1)
        if new_id == model.config.eos_token_id:
            break
    return ids


def generate_text(tokenizer, model, prompt_text, **parameters):
    inputs = tokenizer(prompt_text, return_tensors="pt").to(model.device)
    output_ids = model.generate(**inputs, **parameters)
    return tokenizer.decode(output_ids[0], skip_special_tokens=True)


def repetition_rate(token_ids, n):
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    if not ngrams:
        return 0.0
    return 1 - len(set(ngrams)) / len(ngrams)


def explore(tokenizer, model, prompt_text, settings):
    rows = []
    n_prompt = len(tokenizer.encode(prompt_text))
    for s in settings:
        text = generate_text(tokenizer, model, prompt_text, **s)
        input_ids = encode_prompt(tokenizer, text)
        token_list = input_ids[0].tolist()
        row = {"setting": s, "text": text}
        row["repetition_rate"] = repetition_rate(token_list, 4)
        row["distinct_2"] = 1 - repetition_rate(token_list, 2)
        n_new = len(token_list) - n_prompt
        row["mean_log_prob"] = sequence_log_prob(model, input_ids, n_prompt) / n_new
        rows.append(row)
    return rows


def beam_search(model, input_ids, max_length, num_beams):
    beams = [(0.0, input_ids)]
    eos = model.config.eos_token_id
    start = input_ids.shape[1]
    def finished(ids):
        return ids.shape[1] >= max_length or (ids.shape[1] > start and ids[0, -1] == eos)
    while not all(finished(ids) for _, ids in beams):
        new_beams = []
        for score, ids in beams:
            if finished(ids):
                new_beams.append((score, ids))
                continue
            log_probs = torch.log(next_token_probs(model, ids))
            top = torch.topk(log_probs, min(num_beams, len(log_probs)))
            for lp, token in zip(top.values, top.indices):
                extended = torch.cat((ids, token.view(1, 1)), dim=1)
                new_beams.append((score + lp.item(), extended))
        new_beams = sorted(new_beams, key=lambda beam: beam[0], reverse=True)
        beams = new_beams[:num_beams]
    return beams[0][1]


def filter_min_p(logits, p):
    if p is None or p == 0:
        return logits
    probs = torch.softmax(logits, dim=-1)
    limit = p * torch.max(probs)
    return torch.where(probs < limit, torch.tensor(float("-inf")), logits)
""",
)

STATEMENTS = ("print(len(str(7)))", "assert True", "check = [1, 2][0]")
COPIES = 100


@cache
def release() -> Cells:
    cells = read_notebook(RELEASE).cells
    return {metadata_of(c)["grade_id"]: c.source for c in cells if metadata_of(c).get("solution")}


@cache
def reference() -> Cells:
    return {name: reference_cells()[name] for name in list(A7_2)}


@cache
def variants(exercise: str) -> tuple[str, ...]:
    return tuple(known_correct(exercise).values())


@cache
def obvious() -> tuple[Cells, ...]:
    """The reference and OBVIOUS: exercise -> source, with the release's signature and docstring."""
    notebooks = []
    for text in OBVIOUS:
        functions = re.split(r"^def ", text, flags=re.MULTILINE)[1:]
        bodies = {part.split("(")[0]: part.split("):\n", 1)[1].strip("\n") for part in functions}
        notebooks.append({name: filled(release()[name], bodies) for name in list(A7_2)})
    return (reference(), *notebooks)


def filled(cell: str, bodies: Cells) -> str:
    names = iter(re.findall(r"^def (\w+)", cell, flags=re.MULTILINE))
    blank = r"    # IHR CODE.*\n    raise NotImplementedError\(\)"
    return re.sub(blank, lambda _: bodies[next(names)], cell)


@cache
def reader() -> similar._CellReader:
    """One for all tests, for it reads each different cell once."""
    return similar._CellReader(release(), A7_2)


def share(left: Mapping[str, str], right: Mapping[str, str]) -> float:
    """Of two submissions, also where it is so small that `pairs` would not say it."""
    return similar._share(reader().submission("", left), reader().submission("", right), 0.0)


def other_ways(count: int, seed: int) -> Iterator[tuple[Cells, Cells]]:
    """Two honest submissions each, in which no exercise is solved the same way."""
    rng = random.Random(seed)
    for _ in range(count):
        ways = {name: rng.sample(variants(name), 2) for name in list(A7_2)}
        yield tuple({name: both[i] for name, both in ways.items()} for i in (0, 1))


def from_one_pool(count: int, seed: int) -> Iterator[tuple[Cells, Cells]]:
    """Two honest submissions each; by chance 3.4 exercises are the same on average."""
    rng = random.Random(seed)
    for _ in range(count):
        left, right = ({n: rng.choice(variants(n)) for n in list(A7_2)} for _ in range(2))
        yield left, right


def originals(count: int, seed: int) -> list[Cells]:
    """Submissions to be copied: the three obvious ones, and honest ones with the reference."""
    rng = random.Random(seed)
    ways = {name: [*variants(name), reference()[name]] for name in list(A7_2)}
    honest = [{name: rng.choice(w) for name, w in ways.items()} for _ in range(count - 3)]
    return [*obvious(), *honest]


def verbatim(cells: Cells, rng: random.Random) -> Cells:
    return dict(cells)


def restyled(cells: Cells, rng: random.Random) -> Cells:
    """Other comments, blanks, empty lines, and another order of cells."""
    return {name: restyle(text, rng) for name, text in reversed(cells.items())}


def restyle(text: str, rng: random.Random) -> str:
    lines = []
    for line in text.split("\n"):
        if line.startswith("    ") and '"""' not in text and rng.random() < 0.3:
            lines.append(rng.choice(["# Schritt", "    # jetzt rechnen", "        # hier weiter"]))
        lines += [line + "  " * rng.randint(0, 1), *[""] * (rng.random() < 0.2)]
    return "\n".join(lines)


def renamed(cells: Cells, rng: random.Random) -> Cells:
    return {name: rename(text, rng) for name, text in cells.items()}


def rename(text: str, rng: random.Random) -> str:
    """Other names for all variables; `unparse` also drops comments and lays the code out anew."""
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    own = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    own |= {a.arg for n in nodes if isinstance(n, ast.Lambda) for a in n.args.args}
    new = {name: f"{rng.choice(['wert', 'x', 'tmp'])}_{i}" for i, name in enumerate(sorted(own))}
    for node in nodes:
        if isinstance(node, ast.Name):
            node.id = new.get(node.id, node.id)
        elif isinstance(node, ast.Lambda):
            for argument in node.args.args:
                argument.arg = new[argument.arg]
    return ast.unparse(tree)


def with_statements(rate: float) -> Callable[[Cells, random.Random], Cells]:
    """Renamed, and a statement put before this share of the lines."""

    def change(cells: Cells, rng: random.Random) -> Cells:
        return {name: insert(text, rng, rate) for name, text in renamed(cells, rng).items()}

    return change


def insert(text: str, rng: random.Random, rate: float) -> str:
    lines = []
    for line in text.split("\n"):
        blanks = re.match(r" *", line)[0]
        if blanks and not line.strip().startswith(("else", "elif", "'")) and rng.random() < rate:
            lines.append(blanks + rng.choice(STATEMENTS))
        lines.append(line)
    return "\n".join(lines)


def some(count: int) -> Callable[[Cells, random.Random], Cells]:
    """So many exercises copied and renamed, the others solved in another way."""

    def change(cells: Cells, rng: random.Random) -> Cells:
        chosen = set(rng.sample(list(A7_2), count))
        ways = {
            name: [w for w in (*variants(name), reference()[name]) if w.strip() != text.strip()]
            for name, text in cells.items()
        }
        others = {name: rng.choice(w) for name, w in ways.items()}
        return {**others, **renamed({name: cells[name] for name in sorted(chosen)}, rng)}

    return change


COPYING: dict[str, Callable[[Cells, random.Random], Cells]] = {
    "verbatim": verbatim,
    "restyled": restyled,
    "renamed": renamed,
    "statements before a tenth": with_statements(0.10),
    "statements before a quarter": with_statements(0.25),
}


def copied(change: Callable[[Cells, random.Random], Cells], count: int) -> list[float]:
    rng = random.Random(3)
    return [share(cells, change(cells, rng)) for cells in originals(count, 4)]


def small_and_honest(count: int, seed: int) -> list[float]:
    """Shares of two of the obvious notebooks of which only some exercises were submitted."""
    rng, shares = random.Random(seed), []
    for _ in range(count):
        left, right = rng.sample(obvious(), 2)
        part = {name: left[name] for name in rng.sample(list(A7_2), rng.randint(1, 15))}
        if min(reader().submission("", cells).own for cells in (part, right)) >= similar.MIN_OWN:
            shares.append(share(part, right))
    return shares


def test_of_honest_students_none_is_found() -> None:
    """False alarms: 0 of 100 pairs, no share above 0.1; 0 of 1000 as well, see the module."""
    shares = [share(left, right) for left, right in other_ways(100, 1)]
    assert sum(s >= similar.MIN_COMMON_SHARE for s in shares) == 0
    assert max(shares) < 0.1


def test_the_most_obvious_solutions_are_not_found() -> None:
    first, second, third = obvious()
    shares = [share(first, second), share(first, third), share(second, third)]
    assert min(shares) > 0.05
    assert max(shares) < similar.MIN_COMMON_SHARE / 2


def test_small_submissions_of_honest_students_are_not_found() -> None:
    assert max(small_and_honest(400, 5)) < similar.MIN_COMMON_SHARE


def test_two_who_submitted_too_little_are_not_compared() -> None:
    cells = {name: reference()[name] for name in ("apply_temperature", "filter_top_k")}
    assert pairs({"a": cells, "b": cells}, release()) == []


@pytest.mark.parametrize("change", COPYING.values(), ids=COPYING)
def test_every_whole_copy_is_found(change: Callable[[Cells, random.Random], Cells]) -> None:
    shares = copied(change, 15)
    assert min(shares) > 0.6 > similar.MIN_COMMON_SHARE


def test_half_of_a_notebook_is_found_mostly_and_a_third_rarely() -> None:
    """The known limit: see the module."""
    half, third = copied(some(8), 25), copied(some(5), 25)
    assert sum(s >= similar.MIN_COMMON_SHARE for s in half) > 12
    assert sum(s >= similar.MIN_COMMON_SHARE for s in third) < 3
    assert min(third) > 0.15


def test_the_share_is_the_smaller_ones() -> None:
    part = {name: reference()[name] for name in list(A7_2)[:9]}
    (pair,) = pairs({"zoe": reference(), "anna": part}, release())
    assert pair.students == ("anna", "zoe")
    assert pair.share == 1.0
    assert {m.exercise for m in pair.exercises} == set(part)
    in_the_release = [name for name in release() if name in part]
    assert [m.exercise for m in pair.exercises] == in_the_release


def test_the_most_alike_come_first_and_no_more_than_asked_for() -> None:
    rng = random.Random(6)
    submissions = {
        "copy": verbatim(reference(), rng),
        "edited": with_statements(0.1)(reference(), rng),
        "honest": obvious()[1],
        "original": reference(),
    }
    found = pairs(submissions, release())
    names = [("copy", "original"), ("copy", "edited"), ("edited", "original")]
    assert [p.students for p in found] == names
    assert found == sorted(found, key=lambda p: -p.share)
    assert pairs(submissions, release(), max_pairs=1) == found[:1]
    assert pairs(submissions, release(), min_share=1.0) == found[:1]


def test_cells_as_they_were_released_are_nobodys() -> None:
    assert pairs({"a": release(), "b": release(), "c": {}}, release(), min_share=1e-9) == []


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
    text = "class AVeryLongNameForSomethingRatherShort:\n    pass\n\n\n" + reference()["explore"]
    theirs = {**reference(), "explore": text}
    _, right = marked(found_pair(theirs, theirs), "explore")
    (match,) = [m for m in found_pair(theirs, reference()).exercises if m.exercise == "explore"]
    assert [li.text for li in match.left if li.same] == [li.text for li in match.right if li.same]
    assert "pass" in right


def test_code_that_repeats_itself_counts_fully() -> None:
    """copydetect's own way to leave out given code would drop what a cell says twice."""
    once = "    while token_ids[0] < 3 and n[0]:\n        token_ids.append(len(n)), print(None)\n"
    cells = {**reference(), "repetition_rate": "def repetition_rate(token_ids, n):\n" + once * 4}
    pair = found_pair(cells, cells)
    assert pair.share == 1.0
    assert len(marked(pair, "repetition_rate")[0]) >= 8


def test_shares_count_as_copydetect_counts() -> None:
    from copydetect import compare_files

    reader = similar._CellReader(release(), A7_2)
    submissions = [reader.submission("", cells) for cells in obvious()]
    compared = 0
    for name in list(A7_2):
        for left, right in ((0, 1), (1, 2), (2, 0)):
            a, b = submissions[left].code[name], submissions[right].code[name]
            assert similar._common_length(a, b) == compare_files(a.print, b.print)[0]
            compared += similar._common_length(a, b) > 0
    assert compared > 5


def test_answers_in_words_show_but_do_not_count() -> None:
    words = "Der Text wiederholt sich nach wenigen Sätzen, weil immer\ndas Wahrscheinlichste kommt."
    only = {"observation_greedy": words * 20}
    assert pairs({"a": only, "b": only}, release(), min_share=1e-9) == []
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
    assert pair.share == 1.0
    for match in pair.exercises:
        shown = "\n".join(line.text for line in match.left)
        assert len(shown) <= similar.MAX_LENGTH
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


@pytest.mark.parametrize("min_share", [0.0, -1.0, 1.1, float("nan")])
def test_a_share_that_cannot_be_is_refused(min_share: float) -> None:
    with pytest.raises(ValueError, match=r"min_share must be in \(0, 1\], was: "):
        pairs({}, {}, min_share=min_share)


def test_without_copydetect_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "copydetect", None)
    with pytest.raises(MissingPackageError, match=r"needs copydetect: pip install 'kischule\[te"):
        pairs({"a": reference(), "b": reference()}, release())


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    assert pairs({"a": reference(), "b": reference()}, release())
    assert capfd.readouterr() == ("", "")


def test_importing_it_does_not_import_copydetect() -> None:
    code = "import sys, autograder.reports.similar; print('copydetect' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_shares_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "import sys, json; from autograder.reports.similar import pairs;"
        "found = pairs(*json.load(sys.stdin), min_share=1e-9); print([p.share for p in found])"
    )
    submissions = dict(zip("abc", obvious(), strict=True))
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
def test_a_class_of_300_takes_less_than_a_minute() -> None:
    """44,850 pairs, each cell one of 5 to 9 ways, renamed and with statements of one's own."""
    rng = random.Random(7)
    change = with_statements(0.2)
    submissions = {
        f"student_{i}": change(
            {n: rng.choice((*variants(n), *(o[n] for o in obvious()))) for n in list(A7_2)}, rng
        )
        for i in range(300)
    }
    began = time.monotonic()
    pairs(submissions, release())
    assert time.monotonic() - began < 60


def table() -> None:
    """Print the table of the module's docstring: PYTHONPATH=tests python THIS_FILE."""
    rng = random.Random(8)
    found = {"no exercise the same way": [share(a, b) for a, b in other_ways(1000, 1)]}
    found["with an obvious one"] = [share(a, rng.choice(obvious())) for a, _ in other_ways(1000, 2)]
    found["from one pool"] = [share(a, b) for a, b in from_one_pool(1000, 9)]
    a, b, c = obvious()
    found["obvious ones"] = [share(a, b), share(b, c), share(c, a)]
    found["small obvious ones"] = small_and_honest(3000, 5)
    for name, change in {**COPYING, "8 of 15": some(8), "5 of 15": some(5)}.items():
        found[name] = copied(change, COPIES)
    for name, shares in found.items():
        mean, hits = sum(shares) / len(shares), sum(s >= similar.MIN_COMMON_SHARE for s in shares)
        print(f"{len(shares):5} {name:28} {min(shares):.2f} {mean:.2f} {max(shares):.2f} {hits:5}")


if __name__ == "__main__":
    table()
