"""Other causal language models than GPT-2: tiny ones with random weights, loaded from a folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors, trainers
from tokenizers import models as cores
from transformers import (
    CONFIG_MAPPING,
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging

import kischule
from autograder import oracle
from autograder.models import SpyModel
from kischule import measures, plots
from kischule.catalog import MINI
from kischule.compat import window
from kischule.decoding import Setting
from kischule.errors import ModelUnavailableError, ModelUnsuitableError
from kischule.laboratory.controls import Lab
from kischule.tokens import encode, texts_after, texts_of

# older versions of transformers, with a newer torch
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")

PROMPT = "The old king"
WINDOW = 64
TINY: dict[str, Any] = {
    "vocab_size": 4096,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": WINDOW,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": None,
}
LOCAL = {"head_dim": 8, "sliding_window": 16, "tie_word_embeddings": False}
# what an architecture calls by a name of its own, or has besides
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "gpt2": {},
    "bloom": {"max_position_embeddings": None},
    "falcon": {"alibi": False},
    "gemma2": LOCAL,
    "gemma3_text": LOCAL,
    "gpt_bigcode": {},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "window_size": 16, "num_layers": 2},
    "gpt_neox": {},
    "gptj": {"rotary_dim": 4},
    "llama": {},
    "mamba": {"state_size": 8, "max_position_embeddings": None},
    "mistral": {"sliding_window": 16},
    "mixtral": {"num_local_experts": 4},
    "mpt": {"max_seq_len": WINDOW, "max_position_embeddings": None},
    "opt": {"word_embed_proj_dim": 32, "ffn_dim": 48},
    "phi": {},
    "phi3": {},
    "qwen2": {},
    "qwen3": {"head_dim": 8},
    "starcoder2": {"sliding_window": 16},
}
ENDLESS = ("bloom", "mamba")  # without a window
SETTINGS: list[dict[str, Any]] = [
    {"max_length": 8},
    {"max_length": 10, "repetition_penalty": 1.3},
    {"max_length": 12, "do_sample": True, "temperature": 0.8, "top_p": 0.9},
    {"max_length": 9, "do_sample": True, "repetition_penalty": 1.3, "top_k": 5},
]


@pytest.fixture(autouse=True)
def _quietly() -> Any:
    """No bars of progress; transformers' advice on random models is no matter here."""
    logging.disable_progress_bar()
    yield
    logging.enable_progress_bar()


def _random(model: Any, seed: int = 1) -> Any:
    """Weights so large that logits differ by whole numbers."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.ndim == 2 and "A_log" not in name:
                weights.normal_(0, 0.4, generator=generator)
    return model


def _config(architecture: str, **changes: Any) -> Any:
    given = TINY | ARCHITECTURES.get(architecture, {}) | changes
    if given["max_position_embeddings"] is None:
        del given["max_position_embeddings"]
    return CONFIG_MAPPING[architecture](**given)


def _saved(folder: Path, config: Any, tokenizer: Any = None, **defaults: Any) -> str:
    """A folder with a model of this configuration. defaults: of its generation_config.json."""
    torch.manual_seed(0)
    model = _random(AutoModelForCausalLM.from_config(config))
    model.generation_config = GenerationConfig(**{"bos_token_id": 0, "eos_token_id": 0, **defaults})
    model.save_pretrained(folder)
    (tokenizer or AutoTokenizer.from_pretrained(MINI)).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module", params=ARCHITECTURES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def pair(name: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """Tokenizer and model of each architecture."""
    logging.disable_progress_bar()
    folder = _saved(tmp_path_factory.mktemp(name), _config(name))
    return kischule.load(folder, device="cpu")


@pytest.fixture
def ids(pair: tuple[Any, Any]) -> torch.Tensor:
    return encode(*pair, PROMPT)


# --- every architecture -------------------------------------------------------------------------


def test_it_is_loaded_as_the_notebook_needs_it(name: str, pair: tuple[Any, Any]) -> None:
    tokenizer, model = pair
    assert model.config.model_type == name
    assert not model.training
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert window(model) == (None if name in ENDLESS else WINDOW)
    assert model.config.vocab_size == len(tokenizer) == 4096
    assert model.config.eos_token_id == model.generation_config.eos_token_id == 0
    assert tokenizer(PROMPT).input_ids == oracle.encode_prompt(tokenizer, PROMPT)


def test_greedy_is_a_plain_loop_without_a_cache(pair: tuple[Any, Any]) -> None:
    """To the end of the window; the penalty keeps a random model from going round in circles."""
    model, prompt = pair[1], list(range(20, 60))
    ids = torch.tensor([prompt])
    slow, gap = oracle.greedy_path(model, prompt, WINDOW, penalty=1.5)
    assert gap > 1e-4
    assert len(set(slow[40:])) > 10
    fast = kischule.generate(model, ids, seed=0, max_length=WINDOW, repetition_penalty=1.5)
    assert fast.tolist() == [slow]
    slow, gap = oracle.greedy_path(model, prompt, 46)
    assert gap > 1e-4
    assert kischule.generate(model, ids, seed=0, max_length=46).tolist() == [slow]


def test_a_row_of_a_batch_is_the_text_alone(pair: tuple[Any, Any], ids: torch.Tensor) -> None:
    tokenizer, model = pair
    seeds = [3, 4, 5, 6]
    together = kischule.generate_texts(tokenizer, model, PROMPT, SETTINGS, seed=seeds)
    alone = [
        tokenizer.decode(kischule.generate(model, ids, seed=seed, **setting)[0])
        for setting, seed in zip(SETTINGS, seeds, strict=True)
    ]
    assert together == alone
    assert len(set(together)) == len(SETTINGS)
    assert all(text.startswith(PROMPT) for text in together)
    drawn = kischule.generate(model, ids, seed=range(4), do_sample=True, max_length=8)
    assert len(set(map(tuple, drawn.tolist()))) == 4


def test_the_notebooks_solutions_give_what_the_oracle_says(
    pair: tuple[Any, Any], ids: torch.Tensor, solved: Callable[..., dict[str, Any]]
) -> None:
    tokenizer, model = pair
    notebook = solved()
    assert torch.equal(notebook["encode_prompt"](tokenizer, PROMPT), ids)
    greedy = notebook["greedy_decode"](model, ids, 8)[0].tolist()
    assert greedy == oracle.greedy_decode(model, ids, 8)
    entries = notebook["explore"](tokenizer, model, PROMPT, SETTINGS[:2])
    for setting, entry in zip(SETTINGS[:2], entries, strict=True):
        text, gap = oracle.generate_text(tokenizer, model, PROMPT, **setting)
        assert gap > 1e-4
        assert entry["text"] == text
        for measure, value in oracle.measures_of(tokenizer, model, PROMPT, text).items():
            assert entry[measure] == pytest.approx(value, abs=1e-4)


def test_what_is_measured_and_shown_is_the_oracles(
    pair: tuple[Any, Any], ids: torch.Tensor
) -> None:
    tokenizer, model = pair
    setting = Setting(1.2, True, 0.9, 20, 0.9)
    lab = kischule.lab(
        tokenizer,
        model,
        PROMPT,
        max_new_tokens=6,
        repetition_penalty=1.2,
        temperature=0.9,
        top_k=20,
        top_p=0.9,
    )
    assert isinstance(lab, Lab)
    (shown,) = lab.snapshots
    text = torch.tensor([shown.ids])
    assert shown.setting == setting
    assert tokenizer.decode(shown.ids) == shown.text
    total = oracle.sequence_log_prob(model, text, ids.shape[1])
    assert measures.sequence_log_prob(model, text, ids.shape[1]) == pytest.approx(total, abs=1e-3)
    assert torch.tensor(shown.probs).log().sum().item() == pytest.approx(total, abs=1e-3)
    logits = oracle.logits_of(model, ids[0].tolist())[-1]
    kept = {"repetition_penalty": 1.2, "temperature": 0.9, "top_k": 20}
    expected = oracle.next_distribution(logits, ids[0].tolist(), kept)[shown.following.ids]
    assert shown.following.probs["top_k"].tolist() == pytest.approx(expected.tolist(), abs=1e-5)
    figure = plots.next_token(tokenizer, model, PROMPT, num_tokens=4)
    probs = sorted(oracle.softmax(logits))[:-5:-1]
    widths = [patch.get_width() for patch in figure.axes[0].patches]
    assert widths == pytest.approx(probs, abs=1e-5)
    figure = plots.token_probabilities(tokenizer, model, shown.text, PROMPT)
    assert len(figure.axes[0].patches) == len(tokenizer(shown.text).input_ids)


# --- what a folder brings along -----------------------------------------------------------------


def test_settings_that_a_model_ships_do_not_count(tmp_path: Path) -> None:
    """Neither those of generation_config.json nor, where that lacks, those of config.json."""
    shipped: dict[str, Any] = {
        "do_sample": True,
        "repetition_penalty": 1.05,
        "temperature": 0.7,
        "top_k": 20,
        "top_p": 0.8,
        "max_length": 40,
        "min_length": 30,
        "no_repeat_ngram_size": 2,
        "suppress_tokens": [5],
        "pad_token_id": 7,
    }
    _saved(tmp_path, _config("qwen2"), **shipped)
    plain = {"max_length": 20, "do_sample": False, "repetition_penalty": None}
    off = {"temperature": None, "top_k": None, "top_p": None}
    for place in ("generation_config.json", "config.json"):
        tokenizer, model = kischule.load(str(tmp_path), "cpu")
        ids = tokenizer(PROMPT, return_tensors="pt").input_ids
        spy = SpyModel(model)
        assert model.generation_config.max_length is None
        spy.generate(ids, max_length=20)
        spy.generate(ids, max_length=20, do_sample=True)
        spy.generate(ids, max_length=20, do_sample=True, temperature=0.5, top_k=None)
        assert spy.reports == [
            {**plain, **off},
            {**plain, **off, "do_sample": True, "top_k": 50},
            {**plain, **off, "do_sample": True, "temperature": 0.5},
        ], place
        slow, _ = oracle.greedy_path(model, ids[0].tolist(), 50)
        assert model.generate(ids, max_length=50).tolist() == [slow]
        # a token that a model pads with is a token like others in a prompt
        padded, _ = oracle.greedy_path(model, [7, 7, 9], 30)
        assert model.generate(torch.tensor([[7, 7, 9]]), max_length=30).tolist() == [padded]
        (tmp_path / "generation_config.json").unlink(missing_ok=True)
        given = json.loads((tmp_path / "config.json").read_text())
        (tmp_path / "config.json").write_text(json.dumps(given | shipped))


@pytest.mark.parametrize(
    ("own", "shipped", "of_tokenizer", "end"),
    [
        ([11, 12], [11, 12], None, 11),
        ([11, 12], 12, 12, 12),
        (11, [11, 12, 13], 13, 13),
        (None, [12, 11], None, 12),
        (11, None, 0, 11),
        (11, 12, 5, 11),
    ],
)
def test_of_several_end_tokens_one_counts(
    tmp_path: Path, own: Any, shipped: Any, of_tokenizer: int | None, end: int
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(MINI)
    end_text = tokenizer.convert_ids_to_tokens(end)
    if of_tokenizer != 0:
        token = None if of_tokenizer is None else tokenizer.convert_ids_to_tokens(of_tokenizer)
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=tokenizer.backend_tokenizer, eos_token=token
        )
    _saved(tmp_path, _config("llama", eos_token_id=own), tokenizer, eos_token_id=shipped)
    tokenizer, model = kischule.load(str(tmp_path), "cpu")
    assert model.config.eos_token_id == model.generation_config.eos_token_id == end
    assert tokenizer.eos_token == end_text
    assert tokenizer.decode([20, end], skip_special_tokens=True) == tokenizer.decode([20])


def test_a_text_ends_where_the_notebook_says(tmp_path: Path) -> None:
    """At the one end token, and not at another that the model's author ends texts with."""
    _, model = kischule.load(_saved(tmp_path / "a", _config("qwen3")), "cpu")
    path, _ = oracle.greedy_path(model, [20, 30], 40)
    other, end = next((a, b) for a, b in zip(path[5:], path[8:], strict=False) if a != b)
    folder = _saved(tmp_path / "b", _config("qwen3", eos_token_id=end), eos_token_id=[end, other])
    _, model = kischule.load(folder, "cpu")
    ids = torch.tensor([[20, 30]])
    expected = path[: path.index(end, 2) + 1]
    assert other in expected[2:-1]
    assert oracle.greedy_path(model, [20, 30], 40)[0] == expected
    assert model.generate(ids, max_length=40).tolist() == [expected]
    assert kischule.generate(model, ids, seed=0, max_length=40).tolist() == [expected]


def test_a_model_for_pictures_as_well_is_one_for_texts(tmp_path: Path) -> None:
    """Its configuration is nested: window, vocabulary and end token stand in a part of it."""
    config = CONFIG_MAPPING["gemma3"](
        text_config=_config("gemma3_text").to_dict(),
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 8,
            "patch_size": 4,
        },
        mm_tokens_per_image=4,
        eos_token_id=None,
        image_token_id=4090,
        boi_token_id=4091,
        eoi_token_id=4092,
    )
    tokenizer, model = kischule.load(_saved(tmp_path, config), "cpu")
    assert type(model).__name__ == "Gemma3ForConditionalGeneration"
    assert window(model) == WINDOW
    assert model.config.vocab_size == 4096
    assert model.config.eos_token_id == 0
    ids = encode(tokenizer, model, PROMPT)
    slow, _ = oracle.greedy_path(model, ids[0].tolist(), 30)
    assert kischule.generate(model, ids, seed=0, max_length=30).tolist() == [slow]
    with pytest.raises(ValueError, match="the model's window of 64, was: 65"):
        kischule.generate(model, ids, seed=0, max_length=65)


@pytest.mark.parametrize("tied", [True, False])
def test_tied_and_untied_weights_of_16_bits_are_loaded_in_32(tmp_path: Path, tied: bool) -> None:
    config = _config("llama", tie_word_embeddings=tied)
    torch.manual_seed(0)
    model = _random(AutoModelForCausalLM.from_config(config)).to(torch.bfloat16)
    model.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(MINI).save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["dtype"] == "bfloat16"
    _, loaded = kischule.load(str(tmp_path), "cpu")
    before, after = (m.get_input_embeddings().weight for m in (model, loaded))
    assert after.dtype == torch.float32
    assert torch.equal(before.float(), after)
    assert (loaded.get_output_embeddings().weight is after) == tied
    _, half = kischule.load(str(tmp_path), "cpu", dtype="bfloat16")
    assert {p.dtype for p in half.parameters()} == {torch.bfloat16}


# --- tokenizers ---------------------------------------------------------------------------------


def _mini(change: Callable[[Tokenizer], None], **options: Any) -> PreTrainedTokenizerFast:
    """The embedded model's tokenizer, changed."""
    core = Tokenizer.from_file(str(MINI / "tokenizer.json"))
    change(core)
    return PreTrainedTokenizerFast(tokenizer_object=core, **options)


def _with_begin_token(core: Tokenizer) -> None:
    core.add_special_tokens(["[B]"])
    begin = core.token_to_id("[B]")
    core.post_processor = processors.TemplateProcessing(
        single="[B] $A", pair="[B] $A [B] $B", special_tokens=[("[B]", begin)]
    )


@pytest.mark.parametrize("options", [{}, {"add_bos_token": True, "add_eos_token": True}])
def test_a_tokenizer_adds_no_tokens_of_its_own(tmp_path: Path, options: dict[str, Any]) -> None:
    """A begin token stands where somebody wrote it, and then once."""
    words = {"bos_token": "[B]", "eos_token": "<|endoftext|>", **options}
    tokenizer = _mini(_with_begin_token, **words, model_input_names=["input_ids", "token_type_ids"])
    begin = tokenizer.convert_tokens_to_ids("[B]")
    assert tokenizer(PROMPT).input_ids[0] == begin
    _saved(tmp_path, _config("gemma2", vocab_size=4100, bos_token_id=begin), tokenizer)
    tokenizer, model = kischule.load(str(tmp_path), "cpu")
    plain = oracle.encode_prompt(tokenizer, PROMPT)
    assert len(plain) == 3
    for given in (PROMPT, "[B]" + PROMPT):
        ids = tokenizer(given, return_tensors="pt").input_ids
        assert ids[0].tolist() == [begin] * given.startswith("[B]") + plain
        assert ids[0].tolist() == oracle.encode_prompt(tokenizer, given)
        text = tokenizer.decode(model.generate(ids, max_length=12)[0])
        assert text.startswith(given)
        slow, _ = oracle.generate_text(tokenizer, model, given, max_length=12)
        assert text.replace("[B]", "") == slow
    batch = tokenizer(PROMPT, return_tensors="pt")
    assert model.generate(**batch, max_length=12)[0, :3].tolist() == plain


def _pieces() -> PreTrainedTokenizerFast:
    """A tokenizer of Llama's kind: a space is a part of the word after it, the first one is put."""
    core = Tokenizer(cores.BPE(unk_token="<unk>", byte_fallback=True))
    core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    letters = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=["<unk>", "<s>", "</s>", *letters])
    core.train_from_iterator(["What is artificial Intelligence? It is an old king"] * 9, trainer)
    plain = json.loads(core.to_str())
    plain["added_tokens"] = plain["added_tokens"][:3]  # letters are no special tokens
    core = Tokenizer.from_str(json.dumps(plain))
    core.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    core.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", eos_token="</s>")


def test_the_space_before_a_word_is_shown_whatever_the_tokenizer(tmp_path: Path) -> None:
    """Llama's decodes a single token without it; a click on one continues the text all the same."""
    pieces = _pieces()
    config = _config("llama", vocab_size=len(pieces), eos_token_id=2)
    _saved(tmp_path, config, pieces, eos_token_id=2)
    tokenizer, model = kischule.load(str(tmp_path), "cpu")
    assert tokenizer.decode([tokenizer.convert_tokens_to_ids("▁king")]) == "king"
    assert tokenizer.decode(tokenizer("It is 😀 an old king").input_ids) == "It is 😀 an old king"
    ids = tokenizer("It is an 😀 old king").input_ids
    parts = texts_of(tokenizer, ids)
    assert "".join(parts) == "It is an 😀 old king"
    assert parts[-1] == " king"
    king = tokenizer.convert_tokens_to_ids(["▁king", "I", "<0xF0>"])
    after = texts_after(tokenizer, tokenizer("an old").input_ids, king)
    assert after == [" king", "I", "\ufffd"]
    lab = kischule.lab(tokenizer, model, "an old", max_new_tokens=5)
    (shown,) = lab.snapshots
    likely = tokenizer.convert_ids_to_tokens(shown.following.ids.tolist())
    place = next(i for i, token in enumerate(likely) if token.startswith("▁") and len(token) > 1)
    lab.views[0].buttons[place].click()
    assert lab.prompt.value == "an old" + likely[place].replace("▁", " ")
    labels = plots.next_token(tokenizer, model, "an old", num_tokens=10).axes[0].get_yticklabels()
    assert repr(likely[place].replace("▁", " ")) in [label.get_text() for label in labels]


def _lower_case(core: Tokenizer) -> None:
    core.normalizer = normalizers.Lowercase()


def test_a_tokenizer_that_loses_a_part_of_the_text_is_refused(tmp_path: Path) -> None:
    _saved(tmp_path, _config("gpt2"), _mini(_lower_case, eos_token="<|endoftext|>"))
    with pytest.raises(ModelUnsuitableError) as caught:
        kischule.load(str(tmp_path), "cpu")
    assert str(caught.value) == (
        f"{tmp_path}: the tokenizer must decode a text to what was encoded, "
        "'What is artificial Intelligence? It ' became 'what is artificial intelligence? it '"
    )


def test_an_end_token_that_the_tokenizer_does_not_have_is_refused(tmp_path: Path) -> None:
    _saved(tmp_path, _config("gpt2", eos_token_id=4097, vocab_size=4100), eos_token_id=4097)
    with pytest.raises(ModelUnsuitableError, match=r"must be one of .* 4096, was: 4097"):
        kischule.load(str(tmp_path), "cpu")


# --- what cannot do the exercises ---------------------------------------------------------------

Refusal = tuple[type[Exception], str, Callable[[Path], object]]


def _encoder_alone(folder: Path) -> None:
    _saved(folder, _config("bert", pad_token_id=0))


def _encoder_and_decoder(architecture: str) -> Callable[[Path], None]:
    def save(folder: Path) -> None:
        sizes = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "num_layers": 1}
        heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "num_heads": 2}
        widths = {"d_ff": 32, "d_kv": 16, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
        config = CONFIG_MAPPING[architecture](
            vocab_size=4096, max_position_embeddings=64, **sizes, **heads, **widths
        )
        AutoModel.from_config(config).save_pretrained(folder)
        AutoTokenizer.from_pretrained(MINI).save_pretrained(folder)

    return save


def _of_pictures(folder: Path) -> None:
    config = CONFIG_MAPPING["vit"](
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    AutoModel.from_config(config).save_pretrained(folder)


def _of_code(folder: Path) -> None:
    _saved(folder, _config("llama"))
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "nobodys", "auto_map": {"AutoConfig": "own.Config"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text("raise SystemExit('this code was run')\n")


def _with_a_state_that_mixes_texts(folder: Path) -> None:
    _saved(folder, CONFIG_MAPPING["rwkv"](**{**TINY, "context_length": 64}))


REFUSED: dict[str, Refusal] = {
    "an encoder": (
        ModelUnsuitableError,
        "each prediction must depend only on the tokens before it, BertLMHeadModel's "
        "also depend on later ones",
        _encoder_alone,
    ),
    "T5": (
        ModelUnsuitableError,
        "the architecture must be a decoder-only causal language model, was: t5",
        _encoder_and_decoder("t5"),
    ),
    "BART": (
        ModelUnsuitableError,
        "the architecture must be a decoder-only causal language model, was: bart",
        _encoder_and_decoder("bart"),
    ),
    "pictures": (
        ModelUnsuitableError,
        "the architecture must be a decoder-only causal language model, was: vit",
        _of_pictures,
    ),
    "code of its own": (
        ModelUnavailableError,
        "has no architecture 'nobodys', and code beside a model is never run",
        _of_code,
    ),
    "RWKV": (
        ModelUnsuitableError,
        "must predict the same token by token, in a batch, as at once, RwkvForCausalLM's",
        _with_a_state_that_mixes_texts,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_model_that_cannot_do_the_exercises_is_refused(tmp_path: Path, case: str) -> None:
    kind, words, save = REFUSED[case]
    save(tmp_path)
    with pytest.raises(kind) as caught:
        kischule.load(str(tmp_path), "cpu")
    assert words in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_tokenizer_is_named(tmp_path: Path) -> None:
    _saved(tmp_path, _config("llama"))
    for file in tmp_path.glob("tokenizer*"):
        file.unlink()
    refusals = (ModelUnavailableError, ModelUnsuitableError)  # transformers 5.0: this
    with pytest.raises(refusals, match="tokenizer") as caught:
        kischule.load(str(tmp_path), "cpu")
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
