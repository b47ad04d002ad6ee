"""GPT-2's published sizes and layout, with random weights: no download needed."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
import torch
from support import other, shaped

import kischule
from autograder.checking import retarget
from autograder.cli import main
from kischule.catalog import FAMILY, SHARED_VARIABLE, WEIGHTS

SIZES = tuple(shaped.SIZES)


@pytest.mark.parametrize("name", SIZES)
def test_sizes_that_are_said_are_those_of_the_shape(name: str) -> None:
    """Parameters by transformers' own count; the file has them and each layer's causal mask."""
    from transformers import GPT2LMHeadModel

    info = FAMILY[name]
    with torch.device("meta"):
        model = GPT2LMHeadModel(shaped.config(name))
    assert model.num_parameters() == info.parameters
    assert info.memory == 4 * info.parameters
    masks = shaped.SIZES[name]["n_layer"] * shaped.WINDOW**2
    # what the hub's pages say is rounded to three or four digits
    assert info.download == pytest.approx(4 * (info.parameters + masks), rel=1e-3)
    assert (model.config.n_positions, model.config.vocab_size) == (
        shaped.WINDOW,
        shaped.VOCABULARY,
    )


def test_the_layout_of_the_hub_is_read(tmp_path: Path) -> None:
    from transformers import GPT2Config

    shape = GPT2Config(
        n_layer=2, n_embd=32, n_head=2, vocab_size=4096, eos_token_id=0, bos_token_id=0
    )
    made = shaped.make(tmp_path / "model", shape)
    tokenizer, model = kischule.load(str(tmp_path / "model"), "cpu")
    ids = tokenizer("Once upon a time", return_tensors="pt").input_ids
    with torch.inference_mode():
        assert torch.equal(model(ids).logits, made(ids).logits)
    assert not any(name.endswith("attn.bias") for name, _ in model.named_buffers())


# --- 124 M --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class's shared folder with a model of GPT-2's size under its name."""
    folder = tmp_path_factory.mktemp("models")
    shaped.make(folder / "gpt2", shaped.config("gpt2"))
    return folder


@pytest.mark.slow
def test_it_is_loaded_by_name_and_is_as_large_as_the_real_one(
    gpt2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SHARED_VARIABLE, str(gpt2))
    file = gpt2 / "gpt2" / WEIGHTS
    assert abs(file.stat().st_size - FAMILY["gpt2"].download) < 1000
    began = time.monotonic()
    tokenizer, model = kischule.load("gpt2", "cpu")
    assert time.monotonic() - began < 30
    assert model.num_parameters() == 124_439_808
    texts = kischule.generate_texts(
        tokenizer, model, "Once upon a time", [{"max_length": 12}, {"max_length": 12, "top_p": 0.5}]
    )
    assert all(text.startswith("Once upon a time") for text in texts)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
def test_a_hand_in_that_loads_it_is_graded_with_it(
    gpt2: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The whole notebook in the sandbox, which has the model under its name."""
    monkeypatch.setenv(SHARED_VARIABLE, str(gpt2))
    other.course(tmp_path, "gpt2")
    command = ["grade", "a7_2", "--course", str(tmp_path), "--jobs", "1", "--json", "-"]
    assert main([*command, "--model", "gpt2"]) == 0
    report = json.loads(capsys.readouterr().out)
    (found,) = report["submissions"]
    assert report["model"] == retarget.fingerprint("gpt2")
    assert [e for e in found["exercises"] if e["level"] != "manual" and not e["passed"]] == []
    graded = (tmp_path / "autograded" / "ada" / "a7_2" / "A7_2.ipynb").read_text(encoding="utf-8")
    assert "124439808 parameters" in graded  # see `other.course`
    (record,) = (tmp_path / ".kischule" / "records" / "a7_2").glob("*.json")
    # its own copy of the weights would be half a gigabyte
    assert json.loads(record.read_bytes())["memory"] < 400 << 20
