"""Loading through the real client of the Hugging Face hub, from a server on this machine.

The client reads its environment when it is imported: every environment is a process of its own,
which loads several names one after the other, since its imports take seconds.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from support.hub import COMMIT, Hub, Repository, serve
from support.notebooks import ROOT

import kischule
from kischule import hub as download
from kischule.catalog import FAMILY, FILES

MINI = {
    name: (kischule.model_path() / name).read_bytes()
    for name in (
        "config.json",
        "generation_config.json",
        "tokenizer_config.json",
        "tokenizer.json",
        "model.safetensors",
    )
}
WEIGHTS = MINI["model.safetensors"]
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
# The client writes ten mebibytes at a time and goes on after what is written.
CHUNK = 10 * 1024 * 1024


def _large() -> bytes:
    """The same weights with a mask beside them, as in the files of real GPT-2."""
    mask = {"transformer.h.0.attn.bias": torch.zeros(5_000_000)}
    return save(load(WEIGHTS) | mask, {"format": "pt"})


LARGE = _large()

# Loads the names that it is given. The repositories beside openai-community/gpt2 are made up, and
# the weights that are known are the embedded model's; `real` leaves the family as it is.
CLIENT = """
import dataclasses, json, os, sys, time
import torch
import kischule
from kischule.catalog import FAMILY
from kischule.models import where

ids, mini = torch.tensor([[5, 6, 7]]), None
for step in json.loads(sys.argv[1]):
    name, known = step["name"], step["sha256"]
    os.environ.update(step.get("environment", {}))
    if known:
        FAMILY[name] = dataclasses.replace(
            FAMILY["gpt2"], name=name, repository=f"openai-community/{name}",
            sha256=known, download=5_235_888,
        )
    before = time.monotonic()
    try:
        tokenizer, model = kischule.load(name, "cpu")
        mini = mini or kischule.load("mini", "cpu")
        same = torch.equal(model(ids).logits, mini[1](ids).logits) and not model.training
        result = {"loaded": bool(same and len(tokenizer) == 4096), "message": ""}
    except Exception as error:
        result = {"loaded": False, "kind": type(error).__name__, "message": str(error)}
    folder = where(name)
    result |= {"seconds": time.monotonic() - before, "where": folder and str(folder)}
    print(json.dumps({"name": name, **result}), flush=True)
"""


def _step(name: str, sha256: str = SHA256, **environment: str) -> dict[str, Any]:
    return {"name": name, "sha256": sha256, "environment": environment}


def _load(
    address: str, home: Path, steps: list[dict[str, Any]], **environment: str
) -> tuple[dict[str, dict[str, Any]], str]:
    """The result of each step by name and call (`gpt2`, `gpt2 again`), and the process's stderr."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "KISCHULE_"))}
    given = {"HF_ENDPOINT": address, "HF_HOME": str(home), "KISCHULE_LANGUAGE": "en"}
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, json.dumps(steps)],
        env=inherited | given | {"HF_HUB_DISABLE_TELEMETRY": "1"} | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results: dict[str, dict[str, Any]] = {}
    for line in done.stdout.splitlines():
        result = json.loads(line)
        name = result["name"]
        results[f"{name} again" if name in results else name] = result
    return results, done.stderr


class Opened:
    """A pickle that makes a folder when it is opened, as a proof."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.proof),))


def _without(*names: str) -> dict[str, bytes]:
    return {name: content for name, content in MINI.items() if name not in names}


def _foreign(proof: Path) -> dict[str, bytes]:
    """A repository whose configuration asks for code beside it."""
    config = json.loads(MINI["config.json"])
    config["auto_map"] = {"AutoModelForCausalLM": "own.Own", "AutoConfig": "own.Config"}
    code = f"import os\nos.mkdir({str(proof)!r})\n".encode()
    return MINI | {"config.json": json.dumps(config).encode(), "own.py": code}


def _unknown(proof: Path) -> dict[str, bytes]:
    files = _foreign(proof)
    config = json.loads(files["config.json"]) | {"model_type": "own"}
    return files | {"config.json": json.dumps(config).encode()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def hub(folder: Path) -> Iterator[Hub]:
    pickled = pickle.dumps(Opened(folder / "unpickled"))
    damaged = WEIGHTS[:-8] + bytes(8)
    repositories = {
        "gpt2": Repository(dict(MINI)),
        "nowhere": Repository({}, 404, "RepoNotFound"),
        "incomplete": Repository(_without("tokenizer.json")),
        "gated": Repository({}, 401, "GatedRepo"),
        "busy": Repository({}, 429),
        "down": Repository({}, 503),
        "pickled": Repository(_without("model.safetensors") | {"pytorch_model.bin": pickled}),
        "foreign": Repository(_foreign(folder / "foreign ran")),
        "unknown": Repository(_unknown(folder / "unknown ran")),
        "damaged": Repository(dict(MINI), sent={"model.safetensors": damaged}),
        "short": Repository(dict(MINI), sent={"model.safetensors": WEIGHTS[:-8]}),
        "broken": Repository(MINI | {"model.safetensors": LARGE}, breaks=[12_000_000]),
        "silent": Repository(MINI | {"model.safetensors": LARGE}, stalls=[13_000_000]),
        "hopeless": Repository(dict(MINI), breaks=[1_000_000] + 6 * [0]),
        "bare": Repository(_without("generation_config.json", "tokenizer_config.json")),
    }
    with serve({f"openai-community/{n}": r for n, r in repositories.items()}) as hub:
        yield hub


@pytest.fixture(scope="module")
def loaded(hub: Hub, folder: Path) -> tuple[dict[str, dict[str, Any]], str]:
    """Everything that one process can try, with its cache in `folder / "home"`."""
    names = [n.partition("/")[2] for n in hub.repositories]
    large = hashlib.sha256(LARGE).hexdigest()
    known = {"broken": large, "silent": large}
    steps = [_step(name, known.get(name, SHA256)) for name in names if name != "short"]
    steps += [_step("gpt2"), _step("damaged"), _step("hopeless")]
    steps.append(_step("elsewhere", KISCHULE_MODELS=str(_shared(folder))))
    return _load(hub.address, folder / "home", steps, HF_HUB_DOWNLOAD_TIMEOUT="1")


def _shared(folder: Path) -> Path:
    """A class's folder with one model."""
    there = folder / "shared" / "elsewhere"
    there.mkdir(parents=True, exist_ok=True)
    for name, content in MINI.items():
        (there / name).write_bytes(content)
    return there.parent


Loaded = tuple[dict[str, dict[str, Any]], str]


def test_a_model_comes_from_the_hub_once_at_its_revision(
    hub: Hub, folder: Path, loaded: Loaded
) -> None:
    results, said = loaded
    assert results["gpt2"]["loaded"], results["gpt2"]
    assert results["gpt2 again"]["loaded"]
    assert (results["gpt2"]["where"] or "").startswith(str(folder / "home"))
    assert results["gpt2"]["where"].endswith(COMMIT)
    asked = hub.of("openai-community/gpt2")
    assert [file for method, file, _ in asked if method == "GET"] == list(FILES)
    assert "Downloading gpt2: 5 MB on disk (" in said
    assert "then 498 MB in memory." in said
    assert said.count("Downloading gpt2:") == 1


def test_files_that_a_repository_need_not_have_are_not_missed(loaded: Loaded) -> None:
    assert loaded[0]["bare"]["loaded"], loaded[0]["bare"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere", "has no config.json of openai-community/nowhere at revision 607a30d"),
        ("incomplete", "has no tokenizer.json of openai-community/incomplete at revision"),
        ("gated", "denies you access to openai-community/gated (401); check"),
        ("busy", "too many requests from here (429)"),
        ("down", "cannot send openai-community/down (503); try again later"),
        ("pickled", "has no model.safetensors of openai-community/pickled at revision"),
        ("damaged", "are not the published ones (SHA-256 "),
        ("hopeless", "of model.safetensors of 'hopeless' from http://127.0.0.1"),
    ],
)
def test_what_went_wrong_is_one_sentence_that_says_what_to_do(
    loaded: Loaded, name: str, words: str
) -> None:
    result = loaded[0][name]
    assert result.get("kind") == "ModelUnavailableError"
    assert words in result["message"]
    assert "KISCHULE_MODELS" in result["message"]
    assert "load('mini'), which needs no network" in result["message"]
    assert "\n" not in result["message"]
    assert result["seconds"] < (15 if name == "hopeless" else 3)


def test_a_file_that_is_not_what_the_hub_says_does_not_stay(hub: Hub, loaded: Loaded) -> None:
    assert loaded[0]["damaged again"]["message"] == loaded[0]["damaged"]["message"]
    assert loaded[0]["damaged"]["where"] is None
    asked = hub.of("openai-community/damaged")
    assert asked.count(("GET", "model.safetensors", "")) == 2


@pytest.mark.parametrize("name", ["broken", "silent"])
def test_a_download_that_breaks_off_goes_on_where_it_was(
    hub: Hub, loaded: Loaded, name: str
) -> None:
    assert loaded[0][name]["loaded"], loaded[0][name]
    asked = hub.of(f"openai-community/{name}")
    ranges = [r for method, file, r in asked if (method, file) == ("GET", "model.safetensors")]
    assert ranges == ["", f"bytes={CHUNK}-"]


def test_a_second_call_fetches_only_what_is_missing(hub: Hub, loaded: Loaded) -> None:
    assert (
        "call load again, which keeps the files that are complete"
        in (loaded[0]["hopeless"]["message"])
    )
    assert loaded[0]["hopeless again"]["loaded"], loaded[0]["hopeless again"]
    fetched = [file for m, file, _ in hub.of("openai-community/hopeless") if m == "GET"]
    assert [fetched.count(file) for file in FILES] == [1, 1, 1, 1, 8]


def test_only_safetensors_are_opened(hub: Hub, folder: Path, loaded: Loaded) -> None:
    assert "other formats are not read, as they can run code" in loaded[0]["pickled"]["message"]
    assert not (folder / "unpickled").exists()
    assert "pytorch_model.bin" not in {file for _, file, _ in hub.of("openai-community/pickled")}


def test_code_beside_a_model_is_not_run(hub: Hub, folder: Path, loaded: Loaded) -> None:
    assert loaded[0]["foreign"]["loaded"], loaded[0]["foreign"]
    assert loaded[0]["unknown"].get("kind") == "ModelUnavailableError"
    assert "cannot be read" in loaded[0]["unknown"]["message"]
    assert not (folder / "foreign ran").exists()
    assert not (folder / "unknown ran").exists()
    assert "own.py" not in {file for _, _, file, _ in hub.asked}


def test_a_shared_folder_comes_before_the_hub(hub: Hub, folder: Path, loaded: Loaded) -> None:
    assert loaded[0]["elsewhere"]["loaded"], loaded[0]["elsewhere"]
    assert loaded[0]["elsewhere"]["where"] == str(folder / "shared" / "elsewhere")
    assert hub.of("openai-community/elsewhere") == []


def test_without_the_hub_the_cache_is_enough(folder: Path, loaded: Loaded) -> None:
    assert loaded[0]["gpt2"]["loaded"]
    steps = [_step("gpt2"), _step("other")]
    results, _ = _load("http://127.0.0.1:9", folder / "home", steps, HF_HUB_OFFLINE="1")
    assert results["gpt2"]["loaded"], results["gpt2"]
    message = results["other"]["message"]
    assert f"'other' is not in the cache {folder / 'home'}" in message
    assert "HF_HUB_OFFLINE forbids" in message
    assert "load('mini')" in message


def test_no_network_is_said_at_once(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # not listening: whoever connects is refused
        address = f"http://127.0.0.1:{held.getsockname()[1]}"
        results, said = _load(address, tmp_path / "home", [_step("gpt2", sha256="")])
    assert "'gpt2' is not in the cache" in results["gpt2"]["message"]
    assert f"the Hugging Face hub could not be reached ({address})" in results["gpt2"]["message"]
    assert results["gpt2"]["seconds"] < 3
    assert "Downloading" not in said


@pytest.mark.slow
def test_only_the_real_weights_pass_for_gpt2(hub: Hub, tmp_path: Path) -> None:
    results, _ = _load(hub.address, tmp_path, [_step("gpt2", sha256=""), _step("short")])
    assert f"SHA-256 248dfc391186, was: {SHA256[:12]}" in results["gpt2"]["message"]
    assert "download of model.safetensors of 'short'" in results["short"]["message"]


# --- the same without a server ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            errno.ENOSPC,
            "needs 548 MB in {cache}, but the disk is full; free some space, point HF_HOME",
        ),
        (errno.EROFS, "cannot be stored in {cache} (Read-only file system); point HF_HOME"),
    ],
)
def test_a_disk_that_takes_no_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int, words: str
) -> None:
    def full(*_: Any, **__: Any) -> str:
        raise OSError(code, os.strerror(code))

    monkeypatch.delenv("KISCHULE_MODELS", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", lambda _: None)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", full)
    with pytest.raises(kischule.ModelUnavailableError) as caught:
        kischule.load("gpt2", "cpu")
    assert words.format(cache=tmp_path) in str(caught.value)


def test_a_disk_without_room_is_named_before_the_download(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from types import SimpleNamespace

    room = 100_000_000
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: SimpleNamespace(free=room))
    with pytest.raises(
        kischule.ModelUnavailableError, match=r"needs 548 MB .* only 100 MB are free"
    ):
        download._announce(FAMILY["gpt2"], 4, tmp_path / "not" / "yet")
    room = 12_300_000_000
    monkeypatch.setenv("KISCHULE_LANGUAGE", "de")
    download._announce(FAMILY["gpt2-xl"], 2, tmp_path / "not" / "yet")
    assert capsys.readouterr().err == (
        "gpt2-xl wird heruntergeladen: 6,4 GB auf der Festplatte (12,3 GB sind frei), danach "
        "3,1 GB im Arbeitsspeicher.\n"
    )
