"""Pictures of one next-token distribution: what a setting cuts, what the temperature bends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kischule.plots.style import BLUE, DARK, GREY, ORANGE, figure, or_a_sentence, token_label
from kischule.words import number, percent, word

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_LINES = [(DARK, "o", "-"), (BLUE, "s", "--"), (ORANGE, "^", "-."), (GREY, "D", ":")]


@or_a_sentence
def next_token(
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    prompt_text: str,
    *,
    most: int = 12,
    **setting: Any,
) -> Figure:
    """The likeliest next tokens: what stays, what is cut, and how much probability is cut.

    most: tokens shown, the likeliest first. setting: `repetition_penalty`, `temperature`, `top_k`,
    `top_p`; None is off. The bars are the probabilities after penalty and temperature, before a
    cut; a dot is the model's own opinion, where it differs.
    """
    from matplotlib.patches import Patch

    from kischule.decoding import Setting, next_tokens
    from kischule.inputs import encode
    from kischule.snapshot import texts_after

    ids = encode(tokenizer, model, prompt_text)
    found = next_tokens(model, ids, Setting(**setting), most)
    probs, own = found.probs["temperature"].tolist(), found.probs["model"].tolist()
    order = sorted(range(len(probs)), key=lambda i: -probs[i])
    longest = max(*probs, *own)
    made, (axis,) = figure(height=0.9 + 0.26 * len(order))
    styles: list[dict[str, Any]] = [
        {"facecolor": "none", "edgecolor": "#6b6b6b", "hatch": "////"},
        {"facecolor": BLUE, "edgecolor": BLUE},
    ]
    for row, i in enumerate(order):
        axis.barh(row, probs[i], height=0.7, linewidth=1, **styles[bool(found.kept[i])])
        beside_dot = 0 < own[i] - probs[i] < 0.08 * longest
        right = own[i] if beside_dot else probs[i]
        axis.annotate(
            percent(probs[i]), (right, row), (6, 0), textcoords="offset points", va="center", size=8
        )
    shown: list[Any] = [Patch(label=word("kept"), **styles[1])]
    if found.kept_in_all < found.vocabulary:
        shown.append(Patch(label=word("cut"), **styles[0]))
    if own != probs:
        dots = [own[i] for i in order]
        shown += axis.plot(dots, range(len(dots)), "o", color=ORANGE, label=word("model_alone"))
    axis.legend(handles=shown, fontsize=8, loc="lower right")
    texts = texts_after(tokenizer, ids[0].tolist(), found.ids.tolist())
    axis.set_yticks(range(len(order)), [token_label(texts[i]) for i in order])
    axis.invert_yaxis()
    axis.set_xlim(0, 1.12 * longest)
    axis.xaxis.set_major_formatter(lambda x, _: percent(x, 0))
    axis.set_xlabel(word("probability"), fontsize=9)
    kept = word(
        "kept_of" if found.kept_in_all < found.vocabulary else "nothing_cut",
        kept=found.kept_in_all,
        all=found.vocabulary,
        mass=percent(found.mass_cut),
    )
    axis.set_title(f"{_after(prompt_text)}: {kept}", fontsize=9, loc="left")
    return made


@or_a_sentence
def temperatures(
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    prompt_text: str,
    temperatures: Sequence[float] = (0.5, 1.0, 2.0),
    *,
    most: int = 12,
) -> Figure:
    """One distribution at several temperatures, at most four, each with its entropy in nats.

    most: tokens shown, the likeliest first; the order is the same at every temperature.
    """
    import torch

    from kischule.decoding import Setting, apply_temperature
    from kischule.inputs import encode
    from kischule.measures import entropy
    from kischule.snapshot import texts_after

    if not 1 <= len(temperatures) <= len(_LINES):
        raise ValueError(
            f"there must be 1 to {len(_LINES)} temperatures, were: {len(temperatures)}"
        )
    ids = encode(tokenizer, model, prompt_text)
    with torch.no_grad():
        logits = model(ids).logits[0, -1].double().cpu()
    top = logits.topk(min(most, len(logits))).indices
    made, (axis,) = figure(height=3.2)
    for temperature, (colour, marker, line) in zip(temperatures, _LINES, strict=False):
        Setting(temperature=temperature)
        probs = apply_temperature(logits, temperature).softmax(-1)
        label = word(
            "temperature_of", value=f"{temperature:g}", entropy=number(float(entropy(probs)), 1)
        )
        axis.plot(probs[top].tolist(), line, color=colour, marker=marker, label=label)
    labels = list(map(token_label, texts_after(tokenizer, ids[0].tolist(), top.tolist())))
    axis.set_xticks(range(len(labels)), labels, rotation=35, ha="right")
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_formatter(lambda y, _: percent(y, 0))
    axis.set_ylabel(word("probability"), fontsize=9)
    axis.set_title(_after(prompt_text), fontsize=9, loc="left")
    axis.legend(fontsize=8)
    return made


def _after(prompt_text: str, most: int = 40) -> str:
    """The end of the prompt, in quotes."""
    tail = prompt_text if len(prompt_text) <= most else "…" + prompt_text[-most:]
    return word("after", prompt=token_label(tail))
