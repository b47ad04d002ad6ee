"""Generated classes for the comparison of submissions: honest students, and copies in disguise.

An honest student takes one of the known ways to solve each exercise and writes it down with habits
of one's own. Two who take the same way differ in that alone: `x.softmax(-1)` for
`torch.softmax(x, dim=-1)`, a name for an intermediate value, `size(1)` for `shape[1]`. Copies get
other names, further statements and another order of those that do not depend on each other.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from autograder.exercises.known import known_correct
from autograder.notebooks.cells import metadata_of, read_notebook
from support.notebooks import A7_2, RELEASE, reference_cells

Cells = dict[str, str]
Pools = Mapping[str, Sequence[str]]  # exercise -> ways to solve it

METHODS = ("softmax", "log_softmax", "argmax", "topk", "cumsum", "sort", "multinomial", "clone")
INFINITIES = ("float('-inf')", "-float('inf')", "-torch.inf", "-math.inf", "float('-Inf')")
HABITS = 12
USUAL = 0.85  # how often a student follows the own habit
DEAD = (
    "print(len(str(7)))",
    "assert True",
    "check = [1, 2][0]",
    "pass",
    "'Zwischenschritt'",
    "if False:\n    check = 3",
)


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
def pools() -> Pools:
    """All ways to solve each exercise that are known here."""
    return {name: (*variants(name), *(cells[name] for cells in obvious())) for name in list(A7_2)}


def other_ways(count: int, seed: int) -> Iterator[tuple[Cells, Cells]]:
    """Two honest submissions each, in which no exercise is solved the same way."""
    rng = random.Random(seed)
    for _ in range(count):
        ways = {name: rng.sample(variants(name), 2) for name in list(A7_2)}
        yield tuple({name: both[i] for name, both in ways.items()} for i in (0, 1))


def honest_class(count: int, seed: int) -> list[Cells]:
    """Students who know nothing of each other."""
    rng = random.Random(seed)
    return [honest(rng) for _ in range(count)]


def honest(rng: random.Random) -> Cells:
    habits = [rng.random() for _ in range(HABITS)]
    return {name: written(rng.choice(ways), habits, rng) for name, ways in pools().items()}


def written(text: str, habits: Sequence[float], rng: random.Random) -> str:
    """The same way in the words of a student with these habits."""
    return ast.unparse(_Style(habits, rng).visit(ast.parse(text)))


def copied(
    original: Mapping[str, str], own: Mapping[str, str], count: int, rng: random.Random
) -> Cells:
    """The own work with so many exercises of somebody else's, disguised."""
    chosen = rng.sample(sorted(original), count)
    return {**own, **{name: disguised(original[name], rng) for name in chosen}}


def with_copies(
    students: Sequence[Cells], copies: int, count: int, seed: int
) -> tuple[list[Cells], list[tuple[int, int]]]:
    """A class in which some have copied so many exercises, and the pairs of original and copy."""
    rng, half = random.Random(seed), len(students) // 2
    changed = list(students)
    for i in range(copies):
        changed[half + i] = copied(students[i], students[half + i], count, rng)
    return changed, [(i, half + i) for i in range(copies)]


def disguised(text: str, rng: random.Random, rate: float = 0.25) -> str:
    """Renamed, reordered, and with a dead statement before this share of the statements."""
    tree = ast.parse(text)
    _rename(tree, rng)
    for node in list(ast.walk(tree)):
        for block in ("body", "orelse"):
            body = getattr(node, block, None)
            if isinstance(body, list) and body and not isinstance(node, ast.Module):
                _reorder(body, rng)
                setattr(node, block, list(_with_dead(body, rng, rate)))
    return ast.unparse(ast.fix_missing_locations(tree))


def _rename(tree: ast.Module, rng: random.Random) -> None:
    nodes = list(ast.walk(tree))
    own = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    inside = {a for n in nodes if isinstance(n, ast.Lambda) for a in n.args.args}
    own |= {argument.arg for argument in inside}
    new = {name: f"{rng.choice(['wert', 'x', 'tmp'])}_{i}" for i, name in enumerate(sorted(own))}
    for node in nodes:
        if isinstance(node, ast.Name):
            node.id = new.get(node.id, node.id)
        elif isinstance(node, ast.arg) and node in inside:
            node.arg = new[node.arg]


def _reorder(body: list[ast.stmt], rng: random.Random) -> None:
    """Let neighbours change places that do not depend on each other."""
    for i in range(len(body) - 1):
        first, second = _uses(body[i]), _uses(body[i + 1])
        if first is None or second is None or rng.random() < 0.5:
            continue
        if not (first[0] & (second[0] | second[1])) and not (second[0] & first[1]):
            body[i], body[i + 1] = body[i + 1], body[i]


def _uses(node: ast.stmt) -> tuple[set[str], set[str]] | None:
    """The names that an assignment sets and reads; None for any other statement."""
    if not isinstance(node, ast.Assign) or not all(isinstance(t, ast.Name) for t in node.targets):
        return None
    names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
    sets = {n.id for n in names if isinstance(n.ctx, ast.Store)}
    return sets, {n.id for n in names} - sets


def _with_dead(body: Sequence[ast.stmt], rng: random.Random, rate: float) -> Iterable[ast.stmt]:
    for node in body:
        if rng.random() < rate:
            yield from ast.parse(rng.choice(DEAD)).body
        yield node


class _Style(ast.NodeTransformer):
    """Writes a way down in a student's own words; the meaning stays."""

    def __init__(self, habits: Sequence[float], rng: random.Random) -> None:
        self._habits, self._rng, self._count = habits, rng, 0

    def _does(self, habit: int) -> bool:
        usual = self._habits[habit] < 0.5
        return usual if self._rng.random() < USUAL else not usual

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        text = ast.unparse(node)
        if text.lower() in [i.lower() for i in INFINITIES] and self._does(0):
            return _expression(INFINITIES[int(self._habits[0] * len(INFINITIES))])
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name in METHODS and self._does(1) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if ast.unparse(owner) in ("torch", "torch.nn.functional") and node.args:
                node = ast.Call(ast.Attribute(node.args[0], name), node.args[1:], node.keywords)
            elif not isinstance(owner, ast.Name) or owner.id != "F":
                torch = ast.Attribute(ast.Name("torch"), name)
                node = ast.Call(torch, [owner, *node.args], node.keywords)
        has_dim = name in METHODS and [k.arg for k in node.keywords] == ["dim"]
        if has_dim and self._does(2):
            node = ast.Call(node.func, [*node.args, node.keywords[0].value], [])
        if isinstance(node.func, ast.Attribute) and name == "item" and self._does(3):
            return ast.Call(ast.Name("int"), [node.func.value], [])
        if text.startswith("range(") and len(node.args) == 1 and self._does(10):
            node.args.insert(0, ast.Constant(0))
        if text.startswith("len(") and self._does(11):
            return _expression(f"{ast.unparse(node.args[0])}.__len__()")
        if name in ("cat", "concat") and self._does(4) and isinstance(node.args[0], ast.List):
            node.args[0] = ast.Tuple(node.args[0].elts)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        text = ast.unparse(node)
        if text.endswith(".shape[1]") and self._does(5):
            assert isinstance(node.value, ast.Attribute)
            return _expression(f"{ast.unparse(node.value.value)}.size(1)")
        if text.endswith("[0, -1]") and self._does(6):
            return _expression(f"{text[:-1]}, :]")
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        return self._named(node, node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        for i, part in enumerate(node.body[:-1]):
            ends = isinstance(part, ast.If) and isinstance(part.body[-1], ast.Return)
            if ends and not part.orelse and self._does(8):
                part.orelse, node.body = node.body[i + 1 :], node.body[: i + 1]
                break
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr == "T" and self._does(11):
            return ast.Call(ast.Attribute(node.value, "t"), [], [])
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        value = node.value
        inner = value
        while isinstance(inner, (ast.Attribute, ast.Subscript)):
            outer, inner = inner, inner.value
        if inner is not value and isinstance(inner, ast.Call) and self._does(9):
            name = self._name()
            outer.value = ast.Name(name)
            return [ast.Assign([ast.Name(name)], inner, lineno=0), node]
        is_call = isinstance(value, ast.Call) and bool(value.args)
        if is_call and isinstance(value.args[0], ast.Call) and self._does(7):
            name = self._name()
            first = ast.Assign([ast.Name(name)], value.args[0], lineno=0)
            value.args[0] = ast.Name(name)
            return [first, node]
        return node

    def _named(self, node: ast.Return, value: ast.expr | None) -> ast.AST | list[ast.stmt]:
        """Give a value a name before it is returned."""
        if isinstance(value, (ast.Name, ast.Constant, type(None))) or not self._does(7):
            return node
        name = self._name()
        return [ast.Assign([ast.Name(name)], value, lineno=0), ast.Return(ast.Name(name))]

    def _name(self) -> str:
        self._count += 1
        return f"value_{self._count}"


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def restyle(text: str, rng: random.Random) -> str:
    lines = []
    for line in text.split("\n"):
        if line.startswith("    ") and '"""' not in text and rng.random() < 0.3:
            lines.append(rng.choice(["# Schritt", "    # jetzt rechnen", "        # hier weiter"]))
        lines += [line + "  " * rng.randint(0, 1), *[""] * (rng.random() < 0.2)]
    return "\n".join(lines)
