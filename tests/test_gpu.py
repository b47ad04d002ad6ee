"""The GPU: the same texts, checks and grades as on the CPU. `make test-gpu`, where there is one.

With KISCHULE_TEST_DEVICE=cpu in the environment the same tests run on the CPU in the device's
place: a rehearsal, which shows that they hold together, and nothing of a GPU. It leaves out what
only a GPU has: nvidia-smi's figures, and float16, which `load` refuses on the CPU.

Tokens are compared one by one. A GPU adds up in another order, so its float32 logits differ in
their last bits; where that decides, a token may differ, and only there. How far a logit may be off
is half of oracle.TIE = 1e-4, which is tested by itself: two logits that are each off by it can
change places where they are less than 1e-4 apart. (On the CPU two ways to compute a text of `mini`
differ by 2e-5, of logits up to 19.) A repetition penalty multiplies that, a temperature divides it.
At a cut by top-k or top-p the oracle says which tokens hang on rounding (oracle.BOUNDARY).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import bench_gpu
import matplotlib.pyplot
import nbformat
import numpy as np
import psutil
import pytest
import torch
from attacks import small
from support.notebooks import A7_2
from support.seeded import PROMPT, SETTINGS

import kischule
from autograder import check
from autograder.checking.calls import Call
from autograder.checking.compare import Mismatch
from autograder.checking.registry import CHECKERS
from autograder.cli import main
from autograder.course import release
from autograder.course.grade import RunOptions, grade
from autograder.exercises import oracle
from autograder.exercises.known import known_correct
from autograder.grading import device, servers
from autograder.grading.settings import Settings
from autograder.notebooks.cells import read_notebook
from autograder.sandbox.data import plain
from autograder.sandbox.student import Reply
from kischule import measures, plots
from kischule.decoding import Setting
from kischule.generation import gumbel, until_end
from kischule.laboratory.controls import Lab
from kischule.laboratory.snapshot import take_snapshots

DEVICE = os.environ.get("KISCHULE_TEST_DEVICE", "cuda")
PROMPTS = (PROMPT, "Once upon a time", "What is artificial Intelligence? It ", "<|endoftext|>")
STUDENTS = ("ada", "ben", "cem", "dora", "emil", "fay", "gita", "hugo")


def on_device(test: Any) -> Any:
    """Marked `gpu`, and skipped where the device is not there."""
    lacks = DEVICE != "cpu" and not torch.cuda.is_available()
    reason = "needs a CUDA device; a rehearsal on the CPU: KISCHULE_TEST_DEVICE=cpu"
    return pytest.mark.gpu(pytest.mark.skipif(lacks, reason=reason)(test))


def on_cuda(test: Any) -> Any:
    """The same, for what cannot be rehearsed."""
    rehearsed = pytest.mark.skipif(DEVICE == "cpu", reason="only a GPU has this")
    return on_device(rehearsed(test))


@pytest.fixture(scope="module")
def mini() -> tuple[Any, Any]:
    return kischule.load("mini", "cpu")


@pytest.fixture(scope="module")
def there() -> tuple[Any, Any]:
    return kischule.load("mini", DEVICE)


# --- where two devices give different tokens ------------------------------------------------------


def differences(
    model: Any,
    expected: Sequence[Sequence[int]],
    found: Sequence[Sequence[int]],
    start: int,
    settings: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
) -> tuple[list[str], list[str]]:
    """A line for each text that differs: those that rounding decided, and the others.

    model: on the CPU, as `expected` is; start: tokens of the prompt. After its first token that
    differs a text has another past, and is not looked at.
    """
    excused: list[str] = []
    wrong: list[str] = []
    rows = zip(expected, found, settings, seeds, strict=True)
    for number, (theirs, ours, setting, seed) in enumerate(rows):
        a, b = ([*r[:start], *until_end(list(r[start:]), model)] for r in (theirs, ours))
        if a == b:
            continue
        place = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
        if place is None:
            wrong.append(f"text {number}: {len(b)} tokens instead of {len(a)}")
            continue
        decided, told = by_rounding(model, a[:place], a[place], b[place], setting, seed)
        line = f"text {number}, place {place}: {b[place]} instead of {a[place]}; {told}"
        (excused if decided else wrong).append(line)
    return excused, wrong


def by_rounding(
    model: Any, before: list[int], cpu: int, other: int, setting: Mapping[str, Any], seed: int
) -> tuple[bool, str]:
    """Tell whether the choice between two tokens hung on rounding, and how near it was on the CPU.

    before: the tokens so far; cpu, other: those that the CPU and the device came to; setting, seed:
    as `kischule.generate` has them.
    """
    s = Setting(**setting)
    penalty = s.repetition_penalty or 1.0
    scores = oracle.penalised(oracle.logits_of(model, before)[-1], before, penalty)
    allowed, cut = oracle.TIE * max(penalty, 1 / penalty), ""
    if s.do_sample:
        scores = oracle.tempered(scores, s.temperature)
        allowed /= min(s.temperature or 1.0, 1.0)
        by_k = oracle.top_k_kept(scores, s.top_k)
        by_p = oracle.top_p_kept(np.where(by_k.may, scores, -np.inf), s.top_p)
        for token in (cpu, other):
            if not (by_k.may[token] and by_p.may[token]):
                return False, f"{token} is cut on the CPU"
            if not (by_k.must[token] and by_p.must[token]):
                cut = f", {token} at the edge of a cut"
        scores = scores + gumbel(seed, len(before), len(scores))
    gap = float(scores[cpu] - scores[other])
    told = f"on the CPU they are {gap:.2e} apart, {allowed:.0e} is rounding{cut}"
    return bool(cut) or abs(gap) <= allowed, told


def agree(
    model: Any,
    expected: Sequence[Sequence[int]],
    found: Sequence[Sequence[int]],
    start: int,
    settings: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
) -> int:
    """Count the texts that differ by rounding; AssertionError where one differs otherwise."""
    excused, wrong = differences(model, expected, found, start, settings, seeds)
    for line in excused:
        print(line)
    assert not wrong, "\n".join(wrong)
    return len(excused)


def test_a_difference_that_rounding_does_not_explain_is_reported(mini: tuple[Any, Any]) -> None:
    """The second best token, one that top-k cuts, an end too soon."""
    tokenizer, model = mini
    ids = tokenizer(PROMPT, return_tensors="pt").input_ids
    start, greedy = ids.shape[1], {"do_sample": False}
    (right,) = kischule.generate(model, ids, seed=1, max_length=12).tolist()
    logits = oracle.logits_of(model, right[:6])[-1]
    first, second, *_, last = np.argsort(-logits).tolist()
    assert right[6] == first
    changed = [*right[:6], second, *right[7:]]
    excused, (line,) = differences(model, [right], [changed], start, [greedy], [1])
    assert not excused
    assert f"place 6: {second} instead of {first}" in line
    assert f"they are {logits[first] - logits[second]:.2e} apart, 1e-04 is rounding" in line
    _, (line,) = differences(model, [right], [right[:9]], start, [greedy], [1])
    assert line == "text 0: 9 tokens instead of 12"
    sampled = {"do_sample": True, "top_k": 2}
    assert by_rounding(model, right[:6], first, last, sampled, 1) == (
        False,
        f"{last} is cut on the CPU",
    )
    assert differences(model, [right] * 2, [right] * 2, start, [sampled] * 2, [1, 2]) == ([], [])
    with pytest.raises(AssertionError, match="place 6"):
        agree(model, [right], [changed], start, [greedy], [1])


def test_a_difference_that_rounding_explains_is_excused(mini: tuple[Any, Any]) -> None:
    """Logits that are moved by less than half of what is tolerated, and by ten times as much.

    In a text as long as the window some choices hang on the moved ones: there, and only there, all
    is excused.
    """
    tokenizer, model = mini
    ids = tokenizer(PROMPT, return_tensors="pt").input_ids
    settings, seeds = [{"do_sample": True}] * 40, range(40)
    found = {}
    for size in (0.0, 0.4 * oracle.TIE, 300 * oracle.TIE):
        noise = torch.Generator().manual_seed(4)

        def move(_: Any, __: Any, logits: torch.Tensor, by: float = size, g: Any = noise) -> Any:
            return logits + by * (2 * torch.rand(logits.shape, generator=g) - 1)

        hook = model.lm_head.register_forward_hook(move)
        try:
            found[size] = kischule.generate(
                model, ids, seed=seeds, max_length=60, do_sample=True
            ).tolist()
        finally:
            hook.remove()
    plain_rows, near, far = found.values()
    _, wrong = differences(model, plain_rows, near, ids.shape[1], settings, seeds)
    assert wrong == []
    _, wrong = differences(model, plain_rows, far, ids.shape[1], settings, seeds)
    assert wrong


@pytest.mark.parametrize(("temperature", "allowed"), [(0.5, 2e-4), (1.0, 1e-4), (4.0, 1e-4)])
def test_the_tolerance_goes_with_the_temperature(
    mini: tuple[Any, Any], temperature: float, allowed: float
) -> None:
    """A temperature above 1 brings near what was apart; less is tolerated than it could be."""
    before = mini[0](PROMPT)["input_ids"]
    setting = {"do_sample": True, "temperature": temperature}
    same, told = by_rounding(mini[1], before, 5, 5, setting, 1)
    assert same
    assert f"{allowed:.0e} is rounding" in told


# --- texts ----------------------------------------------------------------------------------------


@on_device
def test_logits_are_those_of_the_cpu(mini: tuple[Any, Any], there: tuple[Any, Any]) -> None:
    """In float32 within half of a tie of the greedy checker; TensorFloat-32 is not."""
    tokenizer, model = mini
    assert there[1].device.type == torch.device(DEVICE).type
    largest = 0.0
    for prompt in PROMPTS:
        ids = tokenizer(prompt, return_tensors="pt").input_ids
        text = kischule.generate(model, ids, seed=2, max_length=200, do_sample=True)[0].tolist()
        off = np.abs(oracle.logits_of(model, text) - oracle.logits_of(there[1], text))
        largest = max(largest, float(off.max()))
    print(f"logits differ by at most {largest:.1e}")
    assert largest <= oracle.TIE / 2, "is TensorFloat-32 on? torch.get_float32_matmul_precision()"


@on_device
@pytest.mark.parametrize("way", ["kischule.generate", "model.generate"])
def test_greedy_texts_are_those_of_the_cpu(
    way: str, mini: tuple[Any, Any], there: tuple[Any, Any]
) -> None:
    for prompt in PROMPTS:
        ids = mini[0](prompt, return_tensors="pt").input_ids
        rows = []
        for model in (mini[1], there[1]):
            here = ids.to(model.device)
            if way == "model.generate":
                options: dict[str, Any] = {"attention_mask": torch.ones_like(here)}
                made = model.generate(here, max_length=80, do_sample=False, **options)
            else:
                made = kischule.generate(model, here, seed=0, max_length=80)
            assert made.device.type == model.device.type
            rows.append(made.tolist())
        expected, found = rows
        agree(mini[1], expected, found, ids.shape[1], [{}], [0])


@on_device
def test_seeded_texts_are_those_of_the_cpu_in_a_batch_and_alone(
    mini: tuple[Any, Any], there: tuple[Any, Any]
) -> None:
    """All settings with several seeds in one pass; each of them by itself on the device."""
    settings = [s for s in SETTINGS for _ in range(3)]
    seeds = list(range(3)) * len(SETTINGS)
    columns: dict[str, Any] = {n: [getattr(Setting(**s), n) for s in settings] for n in _NAMES}
    for prompt in PROMPTS[:2]:
        ids = mini[0](prompt, return_tensors="pt").input_ids
        options: dict[str, Any] = {"max_length": 48}
        batch, other = (
            kischule.generate(model, ids, seed=seeds, **options, **columns).tolist()
            for model in (mini[1], there[1])
        )
        alone = [
            kischule.generate(there[1], ids, seed=seed, **options, **setting)[0].tolist()
            for setting, seed in zip(settings, seeds, strict=True)
        ]
        for found in (other, alone):
            agree(mini[1], batch, found, ids.shape[1], settings, seeds)


_NAMES = tuple(asdict(Setting()))


@on_device
def test_of_fifty_long_texts_at_most_one_differs(
    mini: tuple[Any, Any], there: tuple[Any, Any]
) -> None:
    """10,000 tokens; that two of fifty texts flip by rounding alone is not to be expected."""
    ids = mini[0](PROMPT, return_tensors="pt").input_ids
    setting: dict[str, Any] = {"do_sample": True, "top_p": 0.95}
    expected, found = (
        kischule.generate(model, ids, seed=range(50), max_length=203, **setting).tolist()
        for model in (mini[1], there[1])
    )
    differ = agree(mini[1], expected, found, ids.shape[1], [setting] * 50, range(50))
    print(f"{differ} of 50 texts differ between the CPU and the device")
    assert differ <= 1


@on_device
def test_texts_are_the_same_each_time(there: tuple[Any, Any]) -> None:
    """On one device nothing is left to rounding: cuBLAS gives the same sums for the same shapes."""
    settings = [s | {"max_length": 40} for s in SETTINGS]
    first, second = (kischule.generate_texts(*there, PROMPT, settings, seed=3) for _ in range(2))
    assert first == second


# --- half precision -------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["float16", "bfloat16"])
def half(request: pytest.FixtureRequest) -> Any:
    """`mini` in half precision, on the device."""
    if DEVICE == "cpu" and request.param == "float16":
        pytest.skip("load refuses float16 on the CPU")
    return kischule.load("mini", DEVICE, request.param)[1]


def _judged(model: Any, ids: torch.Tensor, length: int, value: torch.Tensor) -> Mismatch | None:
    """The greedy checker's mismatch of these ids on this model."""
    exercise = A7_2["greedy_decode"]
    arguments = {"model": model, "input_ids": ids, "max_length": length}
    call = Call(arguments, Reply(plain(value)))
    return CHECKERS["greedy"].judge(exercise, exercise.cases[-1], [call])


@on_device
def test_half_precision_is_loaded_and_is_near_float32(half: Any, mini: tuple[Any, Any]) -> None:
    assert half.dtype in (torch.float16, torch.bfloat16)
    assert half.device.type == torch.device(DEVICE).type
    text = mini[0]("Once upon a time there was a king")["input_ids"]
    exact = oracle.logits_of(mini[1], text)
    off = np.abs(oracle.logits_of(half, text) - exact).max(axis=1)
    print(f"{half.dtype}: logits are off by at most {off.max():.1e}")
    assert (off <= oracle.tie(half.dtype, exact)).all()
    assert off.max() > oracle.TIE, "this is float32"


@on_device
@pytest.mark.parametrize("name", ["reference", "generate", *known_correct("greedy_decode")])
def test_greedy_solutions_are_accepted_in_half_precision(
    name: str, half: Any, mini: tuple[Any, Any], solved: Callable[..., dict[str, Any]]
) -> None:
    """With a cache, without, and the library's; on a prompt that lies on the device."""
    source = known_correct("greedy_decode").get(name)
    function = (solved(greedy_decode=source) if source else solved())["greedy_decode"]
    for prompt in PROMPTS[:2]:
        ids = mini[0](prompt, return_tensors="pt").input_ids.to(half.device)
        length = ids.shape[1] + (24 if DEVICE != "cpu" else 8)
        if name == "generate":
            mask = torch.ones_like(ids)
            value = half.generate(ids, attention_mask=mask, max_length=length, do_sample=False)
        else:
            value = function(half, ids, length)
        assert _judged(half, ids, length, value) is None


@on_device
def test_wrong_tokens_are_refused_in_half_precision(half: Any, mini: tuple[Any, Any]) -> None:
    """The second best, a penalty, and an end too soon."""
    ids = mini[0]("Once upon a time", return_tensors="pt").input_ids.to(half.device)
    length, second = 16, ids
    with torch.no_grad():
        for _ in range(length - ids.shape[1]):
            token = half(second).logits[0, -1].topk(2).indices[1].view(1, 1)
            second = torch.cat([second, token], dim=1)
    penalised = kischule.generate(half, ids, seed=0, max_length=length, repetition_penalty=1.5)
    right = kischule.generate(half, ids, seed=0, max_length=length)
    wrong = {"token": [second, penalised], "incomplete": [right[:, :-1]]}
    for kind, values in wrong.items():
        for value in values:
            mismatch = _judged(half, ids, length, value)
            assert mismatch is not None
            assert mismatch.kind == kind
    assert _judged(half, ids, length, right) is None


# --- pictures and numbers -------------------------------------------------------------------------


@on_device
def test_a_snapshot_is_that_of_the_cpu(mini: tuple[Any, Any], there: tuple[Any, Any]) -> None:
    settings = [Setting(1.2, True, 0.8, 20, 0.8), Setting(), Setting(do_sample=True)]
    shots = [
        take_snapshots(tokenizer, model, PROMPT, settings, seed=5, max_new_tokens=20)
        for tokenizer, model in (mini, there)
    ]
    for ours, theirs in zip(*shots, strict=True):
        assert theirs.text == ours.text
        assert theirs.probs == pytest.approx(ours.probs, abs=1e-4)
        assert theirs.rows == ours.rows
        for stage, probs in ours.following.probs.items():
            assert theirs.following.probs[stage].tolist() == pytest.approx(probs.tolist(), abs=1e-4)
        assert "<table" in theirs._repr_html_()
        assert theirs.text in repr(theirs)


@on_device
def test_the_code_of_a_snapshot_gives_its_text(there: tuple[Any, Any]) -> None:
    """`model.generate` in it has its prompt on the model's device."""
    tokenizer, model = there
    setting = Setting(do_sample=True, top_p=0.9)
    (shot,) = take_snapshots(tokenizer, model, PROMPT, [setting], seed=3, max_new_tokens=15)
    names = {"torch": torch, "kischule": kischule, "model": model, "tokenizer": tokenizer}
    printed: list[str] = []
    exec(shot.code, {**names, "print": printed.append})
    assert printed == [shot.text]


@on_device
def test_the_laboratory_moves(there: tuple[Any, Any]) -> None:
    tokenizer, model = there
    lab = kischule.lab(tokenizer, model, PROMPT, temperature=0.8, max_new_tokens=12)
    assert isinstance(lab, Lab)
    before = lab.views[0].table.value
    lab.panels[0].sliders["temperature"].value = 0.4
    assert lab.views[0].table.value != before
    assert lab.snapshots[0].text.startswith(PROMPT)


@on_device
def test_pictures_are_drawn_of_a_model_on_the_device(there: tuple[Any, Any]) -> None:
    """A picture that failed would be a sentence: it has no bars and no boxes."""
    text = f"{PROMPT} went into the dark forest"
    figures = [
        plots.next_token(*there, PROMPT, temperature=0.8, top_p=0.6),
        plots.temperatures(*there, PROMPT),
        plots.token_probabilities(*there, text, PROMPT),
    ]
    try:
        for figure in figures:
            figure.canvas.draw()
            assert sum(len(axis.patches) + len(axis.lines) for axis in figure.axes) >= 3
    finally:
        matplotlib.pyplot.close("all")


@on_device
def test_measures_are_those_of_the_cpu(mini: tuple[Any, Any], there: tuple[Any, Any]) -> None:
    """Log-probabilities within 1e-4, on the CPU; whatever device the ids are on."""
    ids = mini[0]("Once upon a time there was a king", return_tensors="pt").input_ids
    expected = measures.token_log_probs(mini[1], ids)
    for given in (ids, ids.to(there[1].device)):
        found = measures.token_log_probs(there[1], given)
        assert found.device.type == "cpu"
        assert found.tolist() == pytest.approx(expected.tolist(), abs=1e-4)
        total = measures.sequence_log_prob(there[1], given, 4)
        assert total == pytest.approx(measures.sequence_log_prob(mini[1], ids, 4), abs=1e-3)
    probs = there[1](ids.to(there[1].device)).logits[0].softmax(-1)
    nats = measures.entropy(probs).tolist()
    assert nats == pytest.approx(measures.entropy(probs.cpu()).tolist(), abs=1e-4)


# --- checks ---------------------------------------------------------------------------------------


@on_device
@pytest.mark.parametrize("exercise", list(A7_2))
def test_the_check_accepts_solutions_with_a_model_on_the_device(
    exercise: str, there: tuple[Any, Any], solved: Callable[..., dict[str, Any]]
) -> None:
    """As in a notebook: its own model is on the device, the check's arguments are on the CPU."""
    namespace = solved() | {"tokenizer": there[0], "model": there[1]}
    result = check(exercise, namespace=namespace)
    assert result.passed, str(result)


TAKES_ITS_MODEL = f"""
def greedy_decode(model, input_ids, max_length):
    model, ids = model.to({DEVICE!r}), input_ids.to({DEVICE!r})
    while ids.shape[1] < max_length:
        with torch.no_grad():
            token = model(ids).logits[:, -1:].argmax(-1)
        ids = torch.cat([ids, token], dim=1)
        if token.item() == model.config.eos_token_id:
            break
    return ids
"""


@on_device
def test_a_solution_that_takes_the_model_to_the_device_passes(
    solved: Callable[..., dict[str, Any]],
) -> None:
    """It gives back a tensor of the device; what it does to the model is over with the call."""
    result = check("greedy_decode", namespace=solved(greedy_decode=TAKES_ITS_MODEL))
    assert result.passed, str(result)
    result = check("next_token_probs", namespace=solved())
    assert result.passed, str(result)


# --- grading --------------------------------------------------------------------------------------

USES_IT = f"""
import kischule, torch
tokenizer, model = kischule.load("mini", {DEVICE!r})
ids = tokenizer("Once upon a time", return_tensors="pt").input_ids.to(model.device)
print(model.device.type, "wrote", len(model.generate(ids, max_length=40)[0]), "tokens")
"""
FILLS_IT = f"""
import time, torch
held = []
try:
    while True:
        held.append(torch.empty(64 << 20, dtype=torch.uint8, device={DEVICE!r}))
except RuntimeError:
    print("held", len(held), "blocks")
time.sleep(8)
"""


def _course(folder: Path, first: str = USES_IT, students: Sequence[str] = STUDENTS) -> Path:
    """A small course, all of it solved; `first`: a cell of the first student's."""
    folder.mkdir()
    small.make(folder)
    released = read_notebook(release.registered(folder, "small")[0])
    for student in students:
        made = small.submission(released, None, {})
        source = first if student == students[0] else USES_IT
        made.cells.insert(1, nbformat.v4.new_code_cell(f"# {student}\n{source}"))
        small.write(folder, student, made)
    return folder


def _graded(course: Path, *more: str) -> dict[str, Any]:
    """The submissions of `kischule grade --json`, by student."""
    target = course / "report.json"
    command = ["grade", "small", "--course", str(course), "--json", str(target), "--quiet"]
    assert main([*command, *more]) == 0
    report = json.loads(target.read_text())
    return {each["student"]: each for each in report["submissions"]}


def _records(course: Path) -> list[dict[str, Any]]:
    found = [json.loads(p.read_text()) for p in (course / ".kischule" / "records").rglob("*.json")]
    return sorted(found, key=lambda record: str(record["key"]))


def _autograded(course: Path, student: str) -> str:
    return str((course / "autograded" / student / "small" / small.NAME).read_text())


def _servers() -> list[psutil.Process]:
    """Fork servers and kernels below this process."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "autograder.sandbox.forkserver" in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:  # it has ended
            continue
    return found


@pytest.fixture
def none_left() -> Iterator[None]:
    """No kernel is there when the test has ended, and the device has the memory that it had."""
    servers.close_all()
    free = device.free_bytes() if DEVICE != "cpu" else [0]
    yield
    _, alive = psutil.wait_procs(_servers(), timeout=10)
    assert not alive
    if DEVICE != "cpu":
        after = device.free_bytes()
        # the driver gives back in pages; another program of the machine may move it a little
        assert after[0] > free[0] - (256 << 20), f"{(free[0] - after[0]) >> 20} MiB are gone"


@on_device
@pytest.mark.usefixtures("none_left")
def test_eight_submissions_get_the_points_of_the_cpu(tmp_path: Path) -> None:
    """The device decides how many run at a time."""
    ours = _course(tmp_path / "ours")
    seed = tmp_path / "seed"  # the hidden cases are the same
    seed.write_text("the teacher's secret of this test\n" * 2)
    found = _graded(ours, "--device", DEVICE, "--seed-file", str(seed))
    theirs = _course(tmp_path / "theirs", USES_IT.replace(repr(DEVICE), "'cpu'"))
    expected = _graded(theirs, "--device", "cpu", "--seed-file", str(seed))
    assert set(found) == set(STUDENTS)
    for student, result in found.items():
        assert (result["status"], result["score"]) == ("graded", small.ALL)
        assert [e["points"] for e in result["exercises"]] == [
            e["points"] for e in expected[student]["exercises"]
        ]
        assert f"{torch.device(DEVICE).type} wrote 40 tokens" in _autograded(ours, student)
    memory = [record["memory"] for record in _records(ours)]
    print(f"kernels had up to {max(memory) >> 20} MiB of their own on the host")
    assert len(memory) == 8
    assert all(0 < size < Settings().memory_mib << 20 for size in memory)


@on_device
@pytest.mark.usefixtures("none_left")
def test_filling_the_device_costs_no_other_student_points(tmp_path: Path) -> None:
    """The others' points stay, beside it and after it; it is graded too, or has run out of memory.

    Their own cells may find no room on the device meanwhile: that costs outputs, and no points.
    """
    course = _course(tmp_path / "course", FILLS_IT, STUDENTS[:5])
    found = _graded(course, "--device", DEVICE)
    first, *others = STUDENTS[:5]
    for student in others:
        assert (found[student]["status"], found[student]["score"]) == ("graded", small.ALL)
    assert found[first]["status"] in ("graded", "memory")
    no_room = [s for s in others if "wrote 40 tokens" not in _autograded(course, s)]
    print(f"{len(no_room)} of {len(others)} found no room on the device meanwhile")
    assert len(no_room) < len(others)


@on_device
@pytest.mark.usefixtures("none_left")
def test_a_submission_has_the_device_in_the_sandbox(tmp_path: Path) -> None:
    small.make(tmp_path)
    released = read_notebook(release.registered(tmp_path, "small")[0])
    made = small.submission(released, None, {})
    source = "import kischule\nprint(kischule.load('mini')[1].device.type, 'it is')"
    made.cells.append(nbformat.v4.new_code_cell(source))
    small.write(tmp_path, "ada", made)
    settings = Settings(device=DEVICE, isolation="namespaces")
    report = grade(tmp_path, "small", settings, RunOptions(jobs=1))
    assert report["submissions"][0]["score"] == small.ALL
    assert f"{torch.device(DEVICE).type} it is" in _autograded(tmp_path, "ada")


@on_cuda
def test_a_kernel_on_the_cpu_does_not_see_the_device(tmp_path: Path) -> None:
    """Without `--device cuda` a submission's model is on the CPU, whatever the machine has."""
    cell = "\nimport kischule\nprint(kischule.load('mini')[1].device.type, 'it is')"
    course = _course(tmp_path / "course", cell, STUDENTS[:1])
    for isolation in ("namespaces", "process"):
        _graded(course, "--device", "cpu", "--isolation", isolation, "--force")
        assert "cpu it is" in _autograded(course, STUDENTS[0]), isolation


@on_cuda
def test_the_driver_says_how_many_kernels_fit() -> None:
    free = device.free_bytes()
    _, total = torch.cuda.mem_get_info(0)
    assert 0 < free[0] <= total
    assert 1 <= device.jobs("cuda", 4) <= 4
    assert {"/dev/nvidiactl", device.UNIFIED} <= set(device.nodes("cuda"))


def test_device_files_are_those_that_are_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the folder beside them, whose files would be shown in the sandbox a second time."""
    folder = tmp_path / "nvidia-caps"
    folder.mkdir()
    nodes = [tmp_path / "nvidia0", tmp_path / "nvidiactl", folder / "nvidia-cap1"]
    for node in nodes:
        node.symlink_to(os.devnull)
    (tmp_path / "nvidia.txt").touch()
    monkeypatch.setattr(device, "NODES", (f"{tmp_path}/nvidia*", f"{folder}/*"))
    monkeypatch.setattr(device, "UNIFIED", str(nodes[0]))
    assert device.nodes("cuda") == tuple(sorted(map(str, [folder / "nvidia-cap1", *nodes[:2]])))
    assert device.nodes("cpu") == ()


def test_the_file_of_unified_memory_is_made_if_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has used CUDA since the machine started; the driver's tool makes it."""
    unified = tmp_path / "nvidia-uvm"
    tool = tmp_path / "bin" / "nvidia-modprobe"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\n[ "$*" = "-u -c=0" ] && ln -s {os.devnull} {unified}\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(device, "NODES", (f"{tmp_path}/nvidia*",))
    monkeypatch.setattr(device, "UNIFIED", str(unified))
    assert device.nodes("cuda") == (str(unified),)
    assert device.nodes("cuda") == (str(unified),)  # it is there: the tool would fail


ASKED = """
import sys, torch
asked = []
def noted(place, name):
    def ask(*_, **__):
        asked.append(name)
        return False
    setattr(place, name, ask)
for name in ("is_available", "device_count", "current_device", "init", "_lazy_init"):
    noted(torch.cuda, name)
for name in ("device_count", "current_device_index", "synchronize"):
    noted(torch.accelerator, name)
if hasattr(torch._C, "_cuda_getDeviceCount"):  # not in a build for the CPU
    noted(torch._C, "_cuda_getDeviceCount")
from autograder.sandbox import forkserver
forkserver._load("mini")
print(asked)
"""


def test_a_fork_server_never_asks_for_the_device() -> None:
    """Asking opens the driver, and a process that is forked afterwards cannot use it."""
    done = subprocess.run(
        [sys.executable, "-c", ASKED], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_figures_are_written_under_a_heading_of_their_own(tmp_path: Path) -> None:
    """At the end, or where they stood; the rest of the page stays as it is."""
    path = tmp_path / "BENCHMARKS.md"
    before = "# Benchmarks\n\nAll.\n\n## A class\n\n| a |\n"
    path.write_text(before)
    bench_gpu.write(path, f"{bench_gpu.TITLE}\n\n### Texts\n\nold\n")
    first = path.read_text()
    assert first == f"{before}\n{bench_gpu.TITLE}\n\n### Texts\n\nold\n"
    path.write_text(f"{first}\n## Another\n\nlast\n")
    bench_gpu.write(path, f"{bench_gpu.TITLE}\n\n### Texts\n\nnew\n")
    assert path.read_text() == first.replace("old", "new") + "\n## Another\n\nlast\n"
