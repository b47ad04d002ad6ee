"""Training a model on texts of one's own: corpus, blocks, the loop, saving."""

from __future__ import annotations

import math
import resource
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import torch

import kischule
from kischule import training
from kischule.bars import MIN_BYTES, bars_for
from kischule.errors import ArgumentError
from kischule.i18n import LANGUAGE_VARIABLE
from kischule.training.corpus import END, IGNORED

POEMS = training.verses(poems=24)


@pytest.fixture
def loaded() -> tuple[Any, Any]:
    return kischule.load(device="cpu")


@pytest.fixture
def blocks(loaded: tuple[Any, Any]) -> list[list[int]]:
    return training.blocks_of(loaded[0], POEMS[:6], block_size=32)


# --- the verses ---------------------------------------------------------------------------------


def test_a_seed_gives_five_thousand_stanzas() -> None:
    poems = training.verses()
    assert len(set(poems)) == 1250
    assert sum(len(poem.split("\n\n")) for poem in poems) == 5000
    assert poems[:24] == POEMS != training.verses(poems=24, seed=1)
    assert {training.rhyme_rate(poem) for poem in poems} == {1.0}
    assert {training.stanza_share(poem) for poem in poems} == {1.0}
    assert all(6 < training.line_length(poem) < 9 for poem in poems)


def test_the_tokenizer_knows_the_words(loaded: tuple[Any, Any]) -> None:
    words = {word.strip(",.").lower() for poem in POEMS for word in poem.split()}
    one = [word for word in words if len(loaded[0](f" {word}").input_ids) == 1]
    assert len(one) / len(words) > 0.9


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("The fox ran by the sea,\nand sat below the tree.", 1.0),
        ("The fox ran by the sea,\nand sat below the sea.", 0.0),
        ("A bone\nA stone\nA hill\nA house", 0.5),
        ("one line alone", 0.0),
        ("in the rain\nand again\nby the fire", 2 / 3),
        ("", 0.0),
    ],
)
def test_rhymes_are_counted(text: str, rate: float) -> None:
    assert training.rhyme_rate(text) == pytest.approx(rate)


def test_measures_of_a_stanza() -> None:
    text = "a b c\nd e f\ng h i\nj k l\n\nm n o\n"
    assert (training.line_length(text), training.stanza_share(text)) == (3.0, 0.5)
    assert (training.line_length("\n"), training.stanza_share("")) == (0.0, 0.0)


# --- from texts to batches ----------------------------------------------------------------------


def test_no_text_is_on_both_sides() -> None:
    given = [*POEMS, *POEMS[:4]]
    train, held = training.split_corpus(given, fraction=0.25, seed=3)
    assert sorted(train + held) == sorted(POEMS)
    assert len(held) == 6
    assert (train, held) == training.split_corpus(given, fraction=0.25, seed=3)
    assert held != training.split_corpus(given, fraction=0.25, seed=4)[1]
    assert [len(side) for side in training.split_corpus(["a", "b"], fraction=0.01)] == [1, 1]
    assert [len(side) for side in training.split_corpus(["a", "b"], fraction=0.99)] == [1, 1]


def test_no_token_is_lost_and_none_comes_twice(loaded: tuple[Any, Any]) -> None:
    tokenizer = loaded[0]
    for size in (2, 31, 64):
        found = training.blocks_of(tokenizer, POEMS[:3], block_size=size)
        stream = [i for block in found for i in block]
        expected = [i for t in POEMS[:3] for i in [*tokenizer(t).input_ids, tokenizer.eos_token_id]]
        assert stream == expected
        assert {len(block) for block in found[:-1]} <= {size, size + 1}
        assert 2 <= len(found[-1]) <= size + 1


def test_padding_is_not_trained_on(loaded: tuple[Any, Any]) -> None:
    batch = training.collate([[5, 6, 7], [8, 9]], pad=3)
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 9, 3]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch["labels"].tolist() == [[5, 6, 7], [8, 9, IGNORED]]
    # whatever stands there, the loss is the same
    model = loaded[1]
    with torch.no_grad():
        sums = [
            training.loss_sum(model, training.collate([[5, 6, 7], [8, 9]], pad=p)) for p in (0, 9)
        ]
    assert sums[0].item() == pytest.approx(sums[1].item(), rel=1e-6)


def bad_files(folder: Path) -> Iterator[tuple[Path, str, str]]:
    for name, content, de, en in (
        ("empty.txt", b"", "Der Korpus ist leer", "The corpus is empty"),
        ("blank.txt", b" \n<|endoftext|>\n", "Der Korpus ist leer", "The corpus is empty"),
        ("one.txt", b"one text", "kein <|endoftext|>", "no <|endoftext|>"),
        ("latin.txt", "Märchen".encode("latin-1"), "kein Text in UTF-8", "not text in UTF-8"),
    ):
        (folder / name).write_bytes(content)
        yield folder / name, de, en
    yield folder / "missing.txt", "gibt es nicht", "There is no file"
    yield folder, "gibt es nicht", "There is no file"


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_bad_file_is_told(tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LANGUAGE_VARIABLE, language)
    for path, de, en in bad_files(tmp_path):
        with pytest.raises(training.CorpusError) as raised:
            training.read_texts(path)
        assert (de if language == "de" else en) in str(raised.value)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.txt"
    path.write_text(f"\ufeffone\ntwo\n{END}\n\nthree {END}\n", encoding="utf-8")
    assert training.read_texts(path) == ["one\ntwo", "three"]
    path.write_text("one\n---\ntwo", encoding="utf-8")
    assert training.read_texts(path, end="---") == ["one", "two"]


def test_a_corpus_shorter_than_a_block(loaded: tuple[Any, Any]) -> None:
    with pytest.raises(training.CorpusError, match=r"nur 3 Tokens.*Block \(64\)"):
        training.blocks_of(loaded[0], ["The king"])
    for texts in ([], ["  "]):
        with pytest.raises(training.CorpusError, match="leer"):
            training.blocks_of(loaded[0], texts)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: training.split_corpus("one text"), "texts"),
        (lambda: training.split_corpus(["same", "same"]), "texts"),
        (lambda: training.split_corpus(["a", "b"], fraction=1.0), "fraction"),
        (lambda: training.collate([]), "blocks"),
        (lambda: training.collate([[]]), "blocks"),
        (lambda: training.verses(poems=0), "poems"),
        (lambda: training.learning_rate_at(5, 5, 1, 0.1), "step"),
    ],
)
def test_arguments_that_cannot_be_used(call: Any, name: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        call()
    assert raised.value.name == name


# --- the loop -----------------------------------------------------------------------------------


def started(model: Any, blocks: list[list[int]], **options: Any) -> training.Training:
    options = {"epochs": 1, "batch_size": 4, "evaluate_every": 3, **options}
    return training.Training(model, blocks[4:], blocks[:4], **options)


def test_it_learns_and_keeps_the_best(loaded: tuple[Any, Any], blocks: list[list[int]]) -> None:
    model = loaded[1]
    run = started(model, blocks).run()
    assert (run.step, len(run.losses)) == (run.steps, run.steps)
    assert run.validation[-1][1] < run.validation[0][1] - 1
    assert not model.training
    best = min(loss for _, loss in run.validation)
    assert training.mean_loss(model, blocks[:4]) == pytest.approx(best, rel=1e-5)


def test_the_best_weights_are_copies(loaded: tuple[Any, Any], blocks: list[list[int]]) -> None:
    """With a rate that soon does harm the end is worse than the best."""
    run = started(loaded[1], blocks, epochs=3, learning_rate=0.1, warm_up=0.0).run()
    best = min(loss for _, loss in run.validation)
    assert best < run.validation[-1][1]
    assert training.mean_loss(loaded[1], blocks[:4]) == pytest.approx(best, rel=1e-5)


class Stop(training.Callback):
    def on_step(self, run: training.Training) -> None:
        if run.step == 4:
            raise KeyboardInterrupt


def test_it_can_be_interrupted_and_go_on(
    blocks: list[list[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    whole, parts = (kischule.load(device="cpu")[1] for _ in range(2))
    started(whole, blocks).run()
    capsys.readouterr()
    run = started(parts, blocks, callbacks=[Stop()]).run()
    assert (run.step, parts.training) == (4, False)
    assert f"Angehalten nach Schritt 4 von {run.steps}." in capsys.readouterr().out
    run.run(max_steps=2)
    assert run.step == 6
    run.run()
    assert "Fertig nach" in capsys.readouterr().out
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.equal(a, b)


def test_parts_make_the_same_step(blocks: list[list[int]]) -> None:
    """Also where the parts have different numbers of tokens."""
    given = [*blocks[:5], blocks[5][:7], blocks[6][:2], blocks[7]]
    found = []
    for parts in (1, 4):
        model = kischule.load(device="cpu")[1]
        options = {"batch_size": 8, "accumulate": parts, "warm_up": 0.0}
        run = training.Training(model, given, given[:1], epochs=1, **options).run()
        found.append((run.losses, run.optimizer.state_dict()["state"][0]["exp_avg"]))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    assert torch.allclose(found[0][1], found[1][1], atol=1e-6)


def test_a_loss_of_nan_ends_it(
    loaded: tuple[Any, Any], blocks: list[list[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    run = started(loaded[1], blocks, learning_rate=1e30, warm_up=0.0).run()
    assert run.diverged
    told = capsys.readouterr().out
    assert "keine Zahl mehr (nan): Die Lernrate 1e+30 war zu hoch" in told
    assert math.isfinite(training.mean_loss(loaded[1], blocks[:4]))
    assert any("nan" in text.get_text() for text in training.curve(run).axes[0].texts)
    steps = run.step
    assert run.run().step == steps  # for good


def test_the_mean_is_over_tokens(loaded: tuple[Any, Any], blocks: list[list[int]]) -> None:
    model = loaded[1].train()
    long, short = blocks[0], blocks[1][:3]
    each = [training.mean_loss(model, [block]) for block in (long, short)]
    weighted = (each[0] * (len(long) - 1) + each[1] * 2) / (len(long) + 1)
    for size in (1, 2):
        found = training.mean_loss(model, [long, short], batch_size=size)
        assert found == pytest.approx(weighted, rel=1e-5)
    assert abs(weighted - fmean(each)) > 0.01
    assert model.training


def test_the_rate_rises_and_falls() -> None:
    rates = [training.learning_rate_at(step, 10, 4, 0.8) for step in range(10)]
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 4 / 6, 3.2 / 6, 0.4, 1.6 / 6, 0.8 / 6])
    assert training.learning_rate_at(0, 4, 0, 1.0) == 1.0


def test_the_monitor_prints_without_a_notebook(
    loaded: tuple[Any, Any], blocks: list[list[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    run = started(loaded[1], blocks, callbacks=[training.Monitor()]).run(max_steps=3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"Schritt 0 von {run.steps} ░")
    assert lines[1].startswith(f"Schritt 3 von {run.steps} █")


def test_pictures_of_a_training(loaded: tuple[Any, Any], blocks: list[list[int]]) -> None:
    run = started(loaded[1], blocks).run(max_steps=3)
    labels = [line.get_label() for line in training.curve(run).axes[0].lines]
    assert labels[:2] == ["Training", "Validierung"]
    before = {"loss": 5.2, "rhyme_rate": 0.0, "repetition_rate": 0.1}
    picture = training.before_after(before, before | {"loss": 1.0, "rhyme_rate": 0.9})
    assert [len(ax.patches) for ax in picture.axes] == [2, 2, 2]
    (sentence,) = training.before_after({}, before).axes[0].texts
    assert "before und after" in sentence.get_text()


# --- saving -------------------------------------------------------------------------------------


def test_a_small_model_is_saved_and_loaded_without_bars(
    loaded: tuple[Any, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """And others have theirs afterwards, unless they were switched off before."""
    from transformers.utils import logging

    for shown in (True, False):
        (logging.enable_progress_bar if shown else logging.disable_progress_bar)()
        training.save(*loaded, tmp_path / "poet")
        kischule.load(str(tmp_path / "poet"))
        with bars_for(MIN_BYTES):
            assert logging.is_progress_bar_enabled() is shown
        with bars_for(MIN_BYTES - 1):
            assert not logging.is_progress_bar_enabled()
        assert logging.is_progress_bar_enabled() is shown
    logging.enable_progress_bar()
    assert capfd.readouterr() == ("", "")


def test_a_saved_model_gives_the_same_logits(loaded: tuple[Any, Any], tmp_path: Path) -> None:
    tokenizer, model = loaded
    with torch.no_grad():
        model.transformer.wte.weight.mul_(1.1)
    ids = tokenizer("The king", return_tensors="pt").input_ids
    with torch.no_grad():
        expected = model(ids).logits
    for _ in range(2):  # the second replaces the first
        training.save(tokenizer, model, tmp_path / "poet")
    assert [path.name for path in tmp_path.iterdir()] == ["poet"]
    again = kischule.load(str(tmp_path / "poet"), device="cpu")[1]
    fresh = kischule.load(device="cpu")[1]
    training.load_weights(fresh, tmp_path / "poet")
    for other in (again, fresh):
        with torch.no_grad():
            assert torch.equal(other(ids).logits, expected)


def test_a_full_disk_leaves_the_old_model(loaded: tuple[Any, Any], tmp_path: Path) -> None:
    folder = training.save(*loaded, tmp_path / "poet")
    before = (folder / "model.safetensors").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(training.SavingError, match=r"konnte nicht .* Es braucht 10 MB"):
            training.save(*loaded, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (folder / "model.safetensors").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["poet"]


def test_what_lies_there_is_not_replaced(loaded: tuple[Any, Any], tmp_path: Path) -> None:
    (tmp_path / "essay.txt").write_text("mine")
    with pytest.raises(training.SavingError, match=r"etwas anderes .*essay\.txt"):
        training.save(*loaded, tmp_path)
    assert (tmp_path / "essay.txt").read_text() == "mine"


def test_weights_of_another_model_are_refused(loaded: tuple[Any, Any], tmp_path: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    other = GPT2LMHeadModel(
        GPT2Config(vocab_size=50, n_positions=16, n_embd=8, n_layer=1, n_head=2)
    )
    training.save(loaded[0], other, tmp_path / "other")
    before = [p.clone() for p in loaded[1].parameters()]
    with pytest.raises(training.CheckpointError, match=r"eines anderen Modells: transformer\."):
        training.load_weights(loaded[1], tmp_path / "other")
    assert all(map(torch.equal, before, loaded[1].parameters()))
    (tmp_path / "broken").mkdir()
    for name in ("nothing", "broken"):
        with pytest.raises(training.CheckpointError, match=r"kein gespeichertes Modell"):
            training.load_weights(loaded[1], tmp_path / name)
    (tmp_path / "broken" / "model.safetensors").write_bytes(b"garbage")
    with pytest.raises(training.CheckpointError, match=r"kein gespeichertes Modell"):
        training.load_weights(loaded[1], tmp_path / "broken")
