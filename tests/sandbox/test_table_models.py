"""Models that cases hand over: a table is used as a GPT-2 is, a spy is its model."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    DynamicCache,
    GPT2Config,
    GPT2LMHeadModel,
    LogitsProcessorList,
    PreTrainedModel,
    TopKLogitsWarper,
)

from autograder.sandbox.arguments import build
from autograder.sandbox.models import SpyModel, TableError, TableModel, model_of

TABLE = [[0.0, 1.0, 2.0, 0.5], [3.0, 0.0, -1.0, 0.0], [-2.0, 0.5, 0.0, 1.0], [1.0, 0.2, 0.1, 0.0]]
IDS = torch.tensor([[0, 2, 1]])
BATCH = torch.tensor([[0, 2, 1], [3, 3, 0]])


@pytest.fixture(scope="module")
def gpt2() -> GPT2LMHeadModel:
    """A real GPT-2 with the vocabulary and the end token of the table."""
    special = {"bos_token_id": 3, "eos_token_id": 3}
    config = GPT2Config(vocab_size=4, n_embd=4, n_layer=1, n_head=1, **special)
    return GPT2LMHeadModel(config).eval()


def table(eos: int | None = 3) -> TableModel:
    return build({"table": TABLE, "eos": eos})


def greedy_with_cache(model: Any) -> Any:
    ids, past, new = IDS, None, IDS
    for _ in range(4):
        logits, past = model(new, past_key_values=past, use_cache=True)[:2]
        new = logits[:, -1:].argmax(-1)
        ids = torch.cat([ids, new], 1)
    return ids.shape, past.get_seq_length()


def own_cache(model: Any) -> Any:
    cache = DynamicCache()
    model(IDS, past_key_values=cache)
    model(IDS[:, -1:], past_key_values=cache)
    return cache.get_seq_length()


def reordered_cache(model: Any) -> Any:
    cache = model(BATCH).past_key_values
    cache.reorder_cache(torch.tensor([1, 1]))
    cache.batch_repeat_interleave(2)
    cache.crop(-1)
    return cache.get_seq_length(), len(cache), cache.layers[0].keys.shape[0]


USES: dict[str, Callable[[Any], Any]] = {
    "logits": lambda m: m(IDS).logits,
    "by name": lambda m: m(input_ids=IDS).logits,
    "first of the outputs": lambda m: m(IDS)[0],
    "under its name": lambda m: m(IDS)["logits"],
    "names": lambda m: list(m(IDS).keys()),
    "names without a cache": lambda m: list(m(IDS, use_cache=False).keys()),
    "names with a loss": lambda m: list(m(IDS, labels=IDS).keys()),
    "two outputs": lambda m: [type(part).__name__ for part in m(IDS)[:2]],
    "a cache as second output": lambda m: m(IDS)[1].get_seq_length(),
    "unpacked": lambda m: len(m(IDS, return_dict=False)),
    "a tuple": lambda m: type(m(IDS, return_dict=False)),
    "a tuple of one": lambda m: len(m(IDS, return_dict=False, use_cache=False)),
    "to_tuple": lambda m: len(m(IDS).to_tuple()),
    "output": lambda m: isinstance(m(IDS), dict),
    "missing outputs": lambda m: (m(IDS).loss, m(IDS).hidden_states, m(IDS).attentions),
    "batch": lambda m: m(BATCH).logits,
    "int32": lambda m: m(IDS.int()).logits,
    "masks and positions": lambda m: (
        m(IDS, attention_mask=torch.ones_like(IDS), position_ids=torch.arange(3)[None]).logits
    ),
    "a mask by place": lambda m: m(IDS, None, torch.ones_like(IDS)).logits,
    "token types": lambda m: m(IDS, token_type_ids=torch.zeros_like(IDS)).logits,
    "last logits": lambda m: m(IDS, logits_to_keep=1).logits,
    "chosen logits": lambda m: m(IDS, logits_to_keep=torch.tensor([0, 2])).logits,
    "hidden states not asked for": lambda m: m(IDS, output_hidden_states=False).logits,
    "loss": lambda m: m(IDS, labels=IDS).loss.shape,
    "loss first": lambda m: m(IDS, labels=IDS)[0].shape,
    "loss of the unmasked": lambda m: torch.isnan(m(IDS, labels=torch.full_like(IDS, -100)).loss),
    "greedy with a cache": greedy_with_cache,
    "own cache": own_cache,
    "reordered cache": reordered_cache,
    "cache filled in place": lambda m: (
        (past := m(IDS).past_key_values),
        m(IDS[:, :1], past_key_values=past),
        past.get_seq_length(),
    )[2],
    "cache with a loss": lambda m: m(IDS, labels=IDS).past_key_values.get_seq_length(),
    "old kind of cache": lambda m: m(IDS, past_key_values=((IDS, IDS),)),
    "one row": lambda m: m(IDS[0]),
    "no dimension": lambda m: m(IDS[0, 0]),
    "list": lambda m: m([[0, 2, 1]]),
    "floats": lambda m: m(IDS.float()),
    "beyond the vocabulary": lambda m: m(IDS + 2),
    "negative ids": lambda m: m(IDS - 1),
    "beyond the window": lambda m: m(IDS.repeat(1, 342)),
    "beyond the window with a cache": lambda m: m(
        IDS, past_key_values=m(IDS.repeat(1, 341)).past_key_values
    ),
    "no ids": lambda m: m(),
    "unknown name": lambda m: m.logits,
    "windows": lambda m: (m.config.n_positions, m.config.max_position_embeddings),
    "vocabulary": lambda m: (m.config.vocab_size, m(IDS).logits.shape[-1]),
    "special tokens": lambda m: (
        m.config.eos_token_id,
        m.config.bos_token_id,
        m.generation_config.eos_token_id,
    ),
    "end token": lambda m: (
        (m.config.eos_token_id == IDS).all(),
        IDS.eq(m.config.eos_token_id).any(),
        IDS[0, 0].item() == m.config.eos_token_id,
    ),
    "configuration": lambda m: (type(m.config), m.config.model_type, m.config.use_cache),
    "changed configuration": lambda m: m.config.to_dict()["vocab_size"],
    "device": lambda m: (m.device, m.dtype, IDS.to(m.device)),
    "parameters": lambda m: next(m.parameters()).device,
    "eval": lambda m: (m.eval() is m, m.training),
    "train": lambda m: (m.train() is m, m.training),
    "to": lambda m: (m.to("cpu") is m, m.to(torch.float64).dtype),
    "half": lambda m: m.half().dtype,
    "float64": lambda m: m.double()(IDS).logits,
    "kind": lambda m: isinstance(m, PreTrainedModel),
    "copy": lambda m: copy.deepcopy(m)(IDS).logits,
    "gradients": lambda m: m.requires_grad_(False) is m,
    "no_grad": torch.no_grad()(lambda m: m(IDS).logits),
    "inference mode": torch.inference_mode()(lambda m: m(IDS).logits),
    "forward": lambda m: m.forward(IDS).logits,
    "processors": lambda m: LogitsProcessorList([TopKLogitsWarper(2)])(IDS, m(IDS).logits[:, -1]),
    "modules": lambda m: len(m.state_dict()) > 0,
}
if not torch.cuda.is_available():
    USES["cuda"] = lambda m: m.cuda()
    USES["to a GPU"] = lambda m: m.to("cuda")


def outcome(use: Callable[[Any], Any], model: Any) -> Any:
    """Shape and dtype of the tensors that a use gives; type and message of its error."""
    try:
        return shapes(use(model))
    except Exception as error:
        return type(error), str(error).replace(type(model).__name__, "a model")


def shapes(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.shape, value.dtype
    return [shapes(part) for part in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("use", USES)
def test_a_table_is_used_as_a_gpt2_is(use: str, gpt2: GPT2LMHeadModel) -> None:
    assert outcome(USES[use], table()) == outcome(USES[use], copy.deepcopy(gpt2))


@pytest.mark.parametrize("spec", [{"row": TABLE[0]}, {"rotated": TABLE[0]}, {"table": TABLE}])
def test_a_table_without_an_end_token_has_one_that_never_comes(spec: dict[str, Any]) -> None:
    model = build(spec)
    logits = model(BATCH).logits
    eos = model.config.eos_token_id
    assert (eos, model.config.vocab_size, logits.shape) == (4, 5, (2, 3, 5))
    assert model.config.pad_token_id == model.config.bos_token_id == 4
    assert (logits.softmax(-1)[..., eos] == 0).all()
    assert (logits.half().double() / 3).softmax(-1)[..., eos].max() == 0
    assert (0 * logits.log_softmax(-1) == 0).all()
    assert logits[0, 0, :4].tolist() == TABLE[0]
    assert not (eos == BATCH).any()


def test_a_row_of_a_rotated_table_is_moved_on() -> None:
    logits = build({"rotated": [1.0, 2.0, 3.0], "eos": 0})(torch.tensor([[0, 1, 2]])).logits
    assert logits[0].tolist() == [[1.0, 2.0, 3.0], [3.0, 1.0, 2.0], [2.0, 3.0, 1.0]]


def test_a_cache_gives_the_logits_of_the_whole_text() -> None:
    model, ids = table(), torch.tensor([[0, 2, 1, 3, 0]])
    whole = model(ids).logits
    past = model(ids[:, :2]).past_key_values
    for i in range(2, 5):
        output = model(ids[:, i : i + 1], past_key_values=past, use_cache=True)
        past = output.past_key_values
        assert torch.equal(output.logits[:, -1], whole[:, i])
    assert past.get_seq_length() == 5


def test_a_loss_is_the_mean_over_the_tokens_after_the_first() -> None:
    model = table()
    steps = model(BATCH).logits[:, :-1].log_softmax(-1).gather(2, BATCH[:, 1:, None])
    assert model(BATCH, labels=BATCH).loss.item() == pytest.approx(-steps.mean().item())
    masked = BATCH.clone()
    masked[:, :2] = -100
    assert model(BATCH, labels=masked).loss.item() == pytest.approx(-steps[:, 1].mean().item())


@pytest.mark.parametrize(
    "use",
    [
        lambda m: m.generate(IDS, max_length=5),
        lambda m: m(IDS, output_hidden_states=True),
        lambda m: m(IDS, output_attentions=True),
        lambda m: m(inputs_embeds=torch.zeros(1, 3, 4)),
        lambda m: m.transformer(IDS),
        lambda m: m.lm_head,
        lambda m: m.get_input_embeddings(),
        lambda m: m.get_output_embeddings(),
        lambda m: m.prepare_inputs_for_generation(IDS),
    ],
)
def test_what_a_table_lacks_is_named(use: Callable[[Any], Any], gpt2: GPT2LMHeadModel) -> None:
    outcome(use, gpt2)
    with pytest.raises(TableError) as caught:
        use(table())
    assert str(caught.value) in (
        *("generate", "output_hidden_states", "output_attentions", "inputs_embeds", "transformer"),
        *("lm_head", "get_input_embeddings", "get_output_embeddings"),
        "prepare_inputs_for_generation",
    )


def test_what_one_call_does_to_a_table_stays_with_it() -> None:
    spoilt = table()
    spoilt.config.eos_token_id = spoilt.config.vocab_size = (
        spoilt.generation_config.eos_token_id
    ) = 1
    spoilt.register_forward_hook(lambda *_: None)
    spoilt.extra = torch.nn.Linear(1, 1)
    model = table()
    assert (model.config.eos_token_id, model.config.vocab_size) == (3, 4)
    assert model.generation_config.eos_token_id == 3
    assert not model._forward_hooks
    assert [name for name, _ in model.named_parameters()] == ["table"]


def test_a_spy_is_its_model_but_reports() -> None:
    model, spy = model_of(), build({"spy": "mini"})
    assert isinstance(spy, SpyModel)
    assert isinstance(spy, GPT2LMHeadModel)
    assert type(spy).__name__ == "GPT2LMHeadModel"
    assert torch.equal(spy(IDS)[0], model(IDS).logits)
    assert spy(IDS, output_hidden_states=True).hidden_states[0].shape == (1, 3, 192)
    assert (spy.device, spy.dtype, spy.can_generate()) == (model.device, model.dtype, True)
    assert spy.num_parameters() == model.num_parameters()
    assert spy.config is model.config
    assert spy.generate(IDS, max_length=9, top_k=5, do_sample=True).tolist() == IDS.tolist()
    assert [(r["max_length"], r["top_k"]) for r in spy.reports] == [(9, 5)]
    assert build({"spy": "mini"}).reports == []
    assert not isinstance(model, SpyModel)
