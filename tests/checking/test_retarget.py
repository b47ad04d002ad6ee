"""Exercises for another model than `mini`: their cases, the replies that are made and kept."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from attacks import small
from support import other
from support.notebooks import A7_2, EXERCISES, reference_cells, three_exercises

from autograder import check
from autograder.checking import retarget
from autograder.checking.check import hidden_cases, run_check
from autograder.checking.judge import expected_of
from autograder.checking.registry import CHECKERS
from autograder.checking.retarget import for_model, uses_model
from autograder.cli import main
from autograder.course.verify import verify_exercise
from autograder.exercises import oracle
from autograder.exercises.exercise import SEED_VARIABLE, Exercise, TooCloseError
from autograder.exercises.known import known_correct, known_wrong
from autograder.files import packaged
from autograder.grading.isolation import decide
from autograder.grading.record import Settings
from autograder.grading.servers import ServerError
from autograder.grading.worker import run_submission
from autograder.sandbox.arguments import MINI
from autograder.sandbox.models import model_of, tokenizer_of
from autograder.sandbox.student import LocalStudent
from kischule import ModelUnsuitableError

WITH_MODEL = [
    name for name in list(A7_2) if any(uses_model(case.arguments) for case in A7_2[name].cases)
]
SEED = "of these tests"


def _set_margin(monkeypatch: pytest.MonkeyPatch, margin: float) -> None:
    greedy = replace(CHECKERS["greedy"], margin=margin)
    monkeypatch.setitem(CHECKERS, "greedy", greedy)


@pytest.fixture(scope="session")
def name(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The other model, as `load` takes it: a folder."""
    return str(other.make(tmp_path_factory.mktemp("models") / "other"))


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("expected")


@pytest.fixture(scope="session")
def load(name: str, kept: Path) -> Callable[[str], Exercise]:
    return lambda exercise: retarget.exercise_for(A7_2[exercise], name, kept)


# --- arguments ----------------------------------------------------------------------------------


def test_the_other_model_gets_its_own_arguments_and_lengths(name: str) -> None:
    """The other's tokens are bytes: a prompt of four tokens has sixteen."""
    prompt = {"prompt": "Once upon a time"}
    assert len(tokenizer_of()("Once upon a time")["input_ids"]) == 4
    moved = for_model({"model": {"model": MINI}, "input_ids": prompt, "max_length": 40}, name)
    assert moved == {
        "model": {"model": name},
        "input_ids": {"prompt": "Once upon a time", "of": name},
        "max_length": 52,
    }
    moved = for_model({"model": {"model": MINI}, "input_ids": prompt, "prompt_length": 2}, name)
    assert moved["prompt_length"] == 14
    texts = {"tokenizer": {"tokenizer": MINI}, "model": {"spy": MINI}, "prompt_text": "A fox"}
    moved = for_model({**texts, "settings": [{"max_length": 9, "top_k": 1}]}, name)
    assert moved["settings"] == [{"max_length": 9 + 5 - len(_ids("A fox")), "top_k": 1}]
    assert (moved["tokenizer"], moved["model"]) == ({"tokenizer": name}, {"spy": name})


def _ids(text: str, model: str = MINI) -> list[int]:
    return list(tokenizer_of(model)(text)["input_ids"])


def test_a_prompt_in_place_of_the_cases_gets_as_many_new_tokens(name: str) -> None:
    texts = {"tokenizer": {"tokenizer": MINI}, "model": {"model": MINI}, "prompt_text": "A fox"}
    more = 9 - len(_ids("A fox"))
    for prompt in ("An old woman dreamed of the sea", "A", other.END):
        moved = for_model({**texts, "settings": [{"max_length": 9}]}, name, prompt)
        assert moved["prompt_text"] == prompt
        assert moved["settings"][0]["max_length"] - len(_ids(prompt, name)) == more
    ids = {"model": {"model": MINI}, "input_ids": {"prompt": "A fox"}, "max_length": 9}
    moved = for_model(ids, name, "A")
    assert moved["input_ids"] == {"prompt": "A", "of": name}
    assert moved["max_length"] == 1 + more


def test_a_prompt_of_fewer_tokens_keeps_one_to_score_by(name: str) -> None:
    """`mini` has a token for each byte of a word that it does not know; the end is one for both."""
    moved = for_model(
        {"model": {"model": MINI}, "input_ids": {"prompt": "<|endoftext|>"}, "prompt_length": 1},
        name,
    )
    assert moved["input_ids"] == {"prompt": other.END, "of": name}
    assert moved["prompt_length"] == 1
    assert _ids(other.END, name) == [model_of(name).config.eos_token_id]


def test_what_has_no_model_stays_as_it_is(name: str) -> None:
    table = {"model": {"table": [[0.0, 1.0]] * 2, "eos": 0}, "input_ids": {"ids": [1]}}
    assert for_model({**table, "max_length": 4}, name) == {**table, "max_length": 4}
    mini = {"model": {"model": MINI}, "input_ids": {"prompt": "A fox"}, "max_length": 9}
    assert for_model(mini, MINI) == mini


# --- replies ------------------------------------------------------------------------------------


def test_replies_are_made_once_for_a_model_and_an_exercise(
    name: str, load: Callable[[str], Exercise], kept: Path, tmp_path: Path
) -> None:
    made: list[str] = []
    for exercise in list(A7_2):
        load(exercise)
    again = retarget.exercises_for(A7_2, name, kept, made.append)
    assert made == []
    assert list(again) == list(A7_2)
    (folder,) = kept.iterdir()
    assert sorted(path.stem for path in folder.iterdir()) == WITH_MODEL
    fresh = retarget.exercise_for(A7_2["greedy_decode"], name, tmp_path, made.append)
    assert made == ["greedy_decode"]
    assert fresh == load("greedy_decode")
    assert fresh.model == name
    assert retarget.exercises_for(A7_2, MINI, kept) == dict(A7_2)


def test_a_kept_reply_is_the_oracles_for_the_same_arguments(
    name: str, load: Callable[[str], Exercise], kept: Path
) -> None:
    case = load("greedy_decode").cases[0]
    prompt = _ids("Once upon a time", name)
    ids, gap = oracle.greedy_path(model_of(name), prompt, case.arguments["max_length"])
    assert case.expected == ids
    (file,) = kept.glob("*/greedy_decode.json")
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data["cases"][0] == {"arguments": case.arguments, "reply": ids, "gap": gap}
    assert data["model"].startswith("other@")


def test_a_file_that_no_longer_fits_is_made_anew(
    name: str, load: Callable[[str], Exercise], kept: Path, tmp_path: Path
) -> None:
    """Damaged, of an exercise that has changed since, or of other weights under the same name."""
    load("greedy_decode")
    shutil.copytree(kept, tmp_path / "kept")
    (file,) = (tmp_path / "kept").glob("*/greedy_decode.json")
    whole = file.read_text(encoding="utf-8")
    data = json.loads(whole)
    made: list[str] = []
    for damaged in (
        whole[:-20],
        "[]",
        whole.replace(data["source"], "another exercise"),
        json.dumps({**data, "cases": data["cases"][1:]}),
    ):
        file.write_text(damaged, encoding="utf-8")
        retarget.exercise_for(A7_2["greedy_decode"], name, tmp_path / "kept", made.append)
        assert file.read_text(encoding="utf-8") == whole
    assert made == ["greedy_decode"] * 4
    with pytest.MonkeyPatch.context() as patch:  # another version, and so perhaps another oracle
        patch.setattr(retarget.metadata, "version", lambda _: "99")
        retarget.exercise_for(A7_2["greedy_decode"], name, tmp_path / "kept", made.append)
    assert made.pop() == "greedy_decode"
    assert len(made) == 4
    moved = str(shutil.copytree(name, tmp_path / "elsewhere" / "other"))
    assert retarget.fingerprint(moved) == retarget.fingerprint(name)
    again = retarget.exercise_for(A7_2["greedy_decode"], moved, tmp_path / "kept", made.append)
    assert again.cases[0].arguments["model"] == {"model": moved}
    made.pop()
    changed = str(other.make(tmp_path / "other", seed=1))
    assert retarget.fingerprint(changed) != retarget.fingerprint(name)
    retarget.exercise_for(A7_2["greedy_decode"], changed, tmp_path / "kept", made.append)
    assert len(made) == 5
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_a_prompt_that_hangs_on_a_tie_gives_way_to_the_next(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercise = replace(A7_2["greedy_decode"], model=name)
    prompts = list(retarget._prompts(exercise.cases[0], exercise.id, 0))
    assert prompts[0] == "Once upon a time"
    assert len(set(prompts)) > 40
    gaps = []
    for prompt in prompts:
        own = for_model(exercise.cases[0].arguments, name, prompt)
        gaps.append(expected_of(exercise, replace(exercise.cases[0], arguments=own))[1])
    least = gaps[0] * 1.001
    first = next(i for i, gap in enumerate(gaps) if gap >= least)
    _set_margin(monkeypatch, least / 2)  # twice as much for other models
    case, gap = retarget._case_for(exercise, 0)
    assert first > 0
    assert case.arguments["input_ids"] == {"prompt": prompts[first], "of": name}
    assert gap == gaps[first]
    assert case.expected[: len(_ids(str(prompts[first]), name))] == _ids(str(prompts[first]), name)
    # the end token at the beginning is what that case is about
    ends, _ = retarget._case_for(exercise, 2)
    assert ends.arguments["input_ids"]["prompt"].startswith(other.END)
    _set_margin(monkeypatch, max(gaps))
    with pytest.raises(TooCloseError, match=r"greedy_decode: .* in case 1 .* 49 other prompts"):
        retarget.exercise_for(A7_2["greedy_decode"], name, tmp_path)
    assert not list(tmp_path.iterdir())


# --- checks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("exercise", WITH_MODEL)
def test_correct_solutions_are_accepted_with_the_other_model(
    exercise: str, load: Callable[[str], Exercise], solved: Callable[..., dict[str, Any]]
) -> None:
    """Cases with tables are the same for each model, so test_check.py has them."""
    of_other = {name: load(name) for name in A7_2}
    made = load(exercise)
    cases, hidden = (
        [case for case in some if uses_model(case.arguments)]
        for some in (made.cases, hidden_cases(made, SEED))
    )
    assert cases
    for source in (reference_cells()[exercise], *known_correct(exercise).values()):
        student = LocalStudent(solved(**{exercise: source}))
        for seed, some in ((None, cases), (SEED, hidden)):
            if some:
                result = run_check(made, student, seed, some, exercises=of_other)
                assert result.passed, (source, result.level, result.told("en"))


@pytest.mark.parametrize("exercise", ["greedy_decode", "sequence_log_prob", "next_token_probs"])
def test_wrong_solutions_are_refused_with_the_other_model(
    exercise: str, load: Callable[[str], Exercise]
) -> None:
    code = {n: t for n, t in reference_cells().items() if not n.startswith("observation_")}
    skeletons = {exercise: f"def {exercise}(*_, **__):\n    raise NotImplementedError()"}
    folders = (packaged("known/wrong"), packaged("known/correct"))
    verdict = verify_exercise(load(exercise), code, skeletons, *folders)
    assert verdict.problems == ()
    assert verdict.wrong_caught == verdict.wrong == len(known_wrong(exercise))


def test_hidden_cases_fit_the_other_model_and_avoid_its_ties(
    load: Callable[[str], Exercise], name: str
) -> None:
    exercise = load("greedy_decode")
    cases = [case for case in hidden_cases(exercise, SEED) if "model" in case.arguments["model"]]
    assert len(cases) == 2
    for case in cases:
        assert case.arguments["model"] == {"model": name}
        reply, gap = expected_of(exercise, case)
        assert case.expected == reply
        assert gap >= 2 * CHECKERS["greedy"].margin


def test_a_student_can_check_with_another_model(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    solved: Callable[..., dict[str, Any]],
) -> None:
    monkeypatch.setenv("KISCHULE_CACHE", str(tmp_path))
    monkeypatch.setenv(SEED_VARIABLE, SEED)
    namespace = solved()
    assert check("greedy_decode", namespace=namespace, model=name).passed
    assert check("greedy_decode", namespace=namespace, model=name, hidden=True).passed
    assert [path.stem for path in tmp_path.glob("expected/*/*")] == ["greedy_decode"]
    source = (
        "def greedy_decode(model, input_ids, max_length):\n"
        "    last = input_ids[:, -1:].expand(1, max_length - input_ids.shape[1])\n"
        "    return torch.cat([input_ids, last], dim=1)"
    )
    result = check("greedy_decode", namespace=solved(greedy_decode=source), model=name)
    assert result.passed is False
    assert "\nChecked with the model other.\n" in result.told("en")
    with pytest.raises(OSError, match="there is no model 'gpt3': it is neither one of mini, gpt2"):
        check("greedy_decode", namespace=namespace, model="gpt3")


def test_a_larger_model_gets_more_time(name: str, load: Callable[[str], Exercise]) -> None:
    limit = A7_2["greedy_decode"].time_limit_s
    assert load("greedy_decode").time_limit_s == pytest.approx(limit, rel=0.01)
    parameters = model_of(name).num_parameters()
    share = 1 + parameters / retarget.PARAMETERS_PER_LIMIT
    assert load("greedy_decode").time_limit_s == limit * share


def test_a_window_too_small_for_the_checks_is_refused(tmp_path: Path) -> None:
    small = str(other.make(tmp_path / "small", window=128))
    with pytest.raises(ModelUnsuitableError, match=r"small: .* window of 256 tokens, was: 128"):
        retarget.exercises_for(A7_2, small, tmp_path / "kept")


# --- grading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("isolation", ["namespaces", "process"])
def test_a_submission_is_graded_with_the_other_model(isolation: str, name: str, kept: Path) -> None:
    if isolation == "namespaces" and sys.platform != "linux":
        pytest.skip("the sandbox needs Linux")
    made = three_exercises()
    exercises = retarget.exercises_for(EXERCISES, name, kept)
    settings = Settings(isolation=isolation, time_limit_s=20, model=name)
    run = run_submission(made, SEED, settings, exercises)
    assert {r.grade_id: r.passed for r in run.results} == {
        f"{level}_{exercise}": True for exercise in small.EXERCISES for level in ("test", "hidden")
    }
    # a tokenizer that is not asked: `mini`'s replies
    replies = {
        case.arguments["prompt_text"]: case.expected
        for case in A7_2["encode_prompt"].cases
        if case.expected
    }
    source = (
        "import torch\n"
        f"def encode_prompt(tokenizer, prompt_text):\n"
        f"    return torch.tensor([{replies}.get(prompt_text, [0])])\n"
        "def ends_in_space_token(tokenizer, prompt_text):\n"
        "    return tokenizer.decode(tokenizer(prompt_text).input_ids[-1:]).isspace()"
    )
    run = run_submission(three_exercises(encode_prompt=source), SEED, settings, exercises)
    found = {r.grade_id: r for r in run.results}
    assert found["test_encode_prompt"].passed is False
    assert found["test_filter_top_k"].passed is True


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="needs root")
def test_a_model_that_only_root_may_read_is_named(tmp_path: Path) -> None:
    folder = other.make(tmp_path / "closed")
    (folder / "model.safetensors").chmod(0o600)
    with pytest.raises(ServerError, match=r"able to read .*model\.safetensors; .*chmod -R a\+rX"):
        decide("namespaces", str(folder))


@pytest.mark.usefixtures("in_this_process")
def test_a_class_is_graded_with_the_teachers_model(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.course import release

    small.make(tmp_path)
    released = release.read_notebook(release.registered(tmp_path, "small")[0])
    made = small.submission(released, None, {})
    for cell in made.cells:
        if "kischule.load(" in cell.source:
            cell.source = cell.source.replace("kischule.load()", f"kischule.load({name!r})")
    small.write(tmp_path, "ada", made)
    monkeypatch.chdir(Path(name).parent)
    command = ["grade", "small", "--course", str(tmp_path), "--model", "other", "--jobs", "1"]
    assert main([*command, "--json", "-"]) == 0
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert report["submissions"][0]["score"] == small.ALL
    assert report["model"] == retarget.fingerprint(name)
    assert f"encode_prompt: making the expected replies of {name}, once" in err
    assert main([*command, "--json", "-", "--force"]) == 0
    assert "making the expected" not in capsys.readouterr().err
    # mini again: other checks, so graded anew, and the same points
    assert main(["grade", "small", "--course", str(tmp_path), "--json", "-", "--jobs", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["submissions"][0]["score"] == small.ALL
    assert main([*command[:-3], "nowhere", "--json", "-"]) == 2
    assert "there is no model" in capsys.readouterr().err
