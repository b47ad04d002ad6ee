"""One prompt under one setting: what may come next, and a text, as HTML, as lines and as code.

The laboratory shows it beside its controls; where there are no widgets it stands alone.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kischule import measures
from kischule.decoding import STAGES, NextTokens, Setting, next_tokens
from kischule.generation import generate, until_end
from kischule.inputs import encode, window
from kischule.words import percent, word

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MOST = 10  # rows of the table
ROW = 30  # pixels of a row: buttons stand beside the rows
ENDS = (STAGES[0], STAGES[-1])  # the columns where two settings share the width
_BAR = 56  # pixels of the longest bar
# colours that are told apart in grey, each with its own text colour: any theme's background will do
KEPT, CUT, LIKELY, UNLIKELY = "#1b6ca8", "#9a9a9a", (255, 247, 230), (224, 130, 20)
_STRIPES = f"repeating-linear-gradient(45deg,{CUT} 0 2px,transparent 2px 5px)"


@dataclass(frozen=True)
class Snapshot:
    """What one setting makes of a prompt. `made` in one pass for several settings."""

    prompt_text: str
    setting: Setting
    seed: int
    max_length: int
    following: NextTokens
    texts: tuple[str, ...]  # of each token, the prompt's included
    ids: tuple[int, ...]
    probs: tuple[float, ...]  # the model's own, of each new token
    rows: tuple[str, ...]  # the texts of `following.ids`

    @property
    def prompt_length(self) -> int:
        return len(self.ids) - len(self.probs)

    @property
    def text(self) -> str:
        """The whole text, the prompt included."""
        return "".join(self.texts)

    @property
    def code(self) -> str:
        """The calls that give such a text, and this very text."""
        setting = asdict(self.setting)
        given = ", ".join(f"{name}={value!r}" for name, value in setting.items())
        prompt = f"tokenizer({self.prompt_text!r}, return_tensors='pt')"
        return (
            f"input_ids = {prompt}.input_ids.to(model.device)\n\n"
            f"{word('code_theirs')}\n"
            f"torch.manual_seed({self.seed})\n"
            f"tokens = model.generate(input_ids, max_length={self.max_length}, {given})\n\n"
            f"{word('code_ours')}\n"
            f"tokens = kischule.generate(model, input_ids, seed={self.seed}, "
            f"max_length={self.max_length}, {given})\n"
            "print(tokenizer.decode(tokens[0]))"
        )

    def __repr__(self) -> str:
        """The table and the text, for a terminal."""
        table = [f"{'':14}" + "".join(f"{_head(s, self.setting)[0][:12]:>14}" for s in STAGES)]
        for i, text in enumerate(self.rows):
            cells = [_percent(self.following, s, i) for s in STAGES]
            table.append(f"{text!r:14}" + "".join(f"{cell:>14}" for cell in cells))
        return "\n".join([*table, "", self.text])

    def _repr_html_(self) -> str:
        return f"<b>{word('next_token')}</b>{self.table(names=True)}{self.written()}"

    @property
    def longest(self) -> float:
        """The largest probability that the table shows."""
        return max(float(column.max()) for column in self.following.probs.values())

    def table(
        self, names: bool = False, stages: Sequence[str] = STAGES, longest: float | None = None
    ) -> str:
        """The next tokens as HTML, a column for each step.

        names: with the tokens themselves. longest: the probability of a bar of full length, for
        tables that are compared. One row is `ROW` pixels high, the head two.
        """
        longest = longest or self.longest
        head = "".join(self._head_cell(stage, stages) for stage in stages)
        chosen = self.ids[self.prompt_length] if self.probs else None
        lines = []
        for i, token in enumerate(self.following.ids.tolist()):
            name = f"<td>{_code(self.rows[i])}</td>" if names else ""
            cells = "".join(self._cell(stage, i, longest) for stage in stages)
            mark = "◀" if token == chosen else ""
            lines.append(f'<tr style="height:{ROW}px">{name}{cells}<td>{mark}</td></tr>')
        first = "<th></th>" if names else ""
        return (
            '<table style="border-collapse:collapse;table-layout:auto;font-size:13px">'
            f'<thead><tr style="height:{2 * ROW}px">{first}{head}<th></th></tr></thead>'
            f"<tbody>{''.join(lines)}</tbody></table>"
            f'<div style="margin:4px 0">{html.escape(self.cut_sentence())}</div>'
        )

    def cut_sentence(self) -> str:
        """How many tokens stay, and how much probability was cut."""
        found, size = self.following, self.following.vocabulary
        if found.kept_in_all == size:
            return word("nothing_cut", all=size)
        mass = percent(found.mass_cut)
        return word("kept_of", kept=found.kept_in_all, all=size, mass=mass)

    def _head_cell(self, stage: str, stages: Sequence[str]) -> str:
        name, value = _head(stage, self.setting)
        if stages == ENDS and stage == ENDS[-1]:
            name, value = word("in_the_end"), ""
        name = name.replace("_", "_<wbr>")
        return (
            '<th scope="col" style="text-align:left;padding:0 6px;vertical-align:bottom;'
            f'line-height:1.3">{name}<br><span style="font-weight:normal">{value}&nbsp;</span></th>'
        )

    def _cell(self, stage: str, i: int, longest: float) -> str:
        probs = self.following.probs
        prob = float(probs[stage][i])
        cut = prob == 0.0  # its bar is what it was before the cut
        length = float(probs["temperature"][i]) if cut else prob
        width = max(4 if cut else 1, round(_BAR * length / longest))
        fill = _STRIPES if cut else KEPT
        return (
            '<td style="padding:0 6px;text-align:left;white-space:nowrap">'
            f'<span style="display:inline-block;width:{_BAR + 4}px">'
            f'<span style="display:inline-block;height:12px;width:{width}px;background:{fill}">'
            f"</span></span> {_percent(self.following, stage, i)}</td>"
        )

    def written(self) -> str:
        """The text as HTML: the prompt, then each new token on the colour of its probability."""
        start = self.prompt_length
        prompt = html.escape("".join(self.texts[:start]))
        parts = [f'<span style="opacity:.7">{prompt}</span>']
        for text, prob in zip(self.texts[start:], self.probs, strict=True):
            parts.append(
                f'<span title="{percent(prob)}" style="{_on(prob)};border-radius:2px">'
                f"{html.escape(text)}</span>"
            )
        legend = "".join(
            f'<span style="{_on(p)};padding:0 6px">{percent(p, 0)}</span>' for p in (1.0, 0.1, 0.01)
        )
        style = "white-space:pre-wrap;line-height:1.7;max-width:46em"
        return (
            f'<div style="{style}">{"".join(parts)}</div>'
            f'<div style="font-size:85%;margin-top:4px">{word("token_probability")}: {legend}</div>'
        )


def made(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompt_text: str,
    settings: Sequence[Setting],
    *,
    seed: int = 1,
    max_new_tokens: int = 40,
) -> list[Snapshot]:
    """A snapshot a setting, all with the same seed, generated in one pass.

    A text ends where the model's window does. Raises PromptError for an empty prompt or one that is
    too long.
    """
    ids = encode(tokenizer, model, prompt_text)
    length = ids.shape[1]
    limit = min(length + max_new_tokens, window(model) or length + max_new_tokens)
    columns: dict[str, Any] = {n: [getattr(s, n) for s in settings] for n in asdict(settings[0])}
    tokens = generate(model, ids, seed=seed, max_length=limit, **columns)
    return [
        _snapshot(model, tokenizer, prompt_text, setting, seed, limit, row, length)
        for setting, row in zip(settings, tokens.cpu(), strict=True)
    ]


def _snapshot(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompt_text: str,
    setting: Setting,
    seed: int,
    limit: int,
    row: Any,  # (T,) long
    length: int,
) -> Snapshot:
    row = row[: length + len(until_end(row[length:].tolist(), model))]
    used = setting if setting.do_sample else Setting(setting.repetition_penalty)
    following = next_tokens(model, row[None, :length], used, MOST)
    new = measures.token_log_probs(model, row[None])[length - 1 :].exp()
    return Snapshot(
        prompt_text,
        setting,
        seed,
        limit,
        following,
        tuple(texts_of(tokenizer, row.tolist())),
        tuple(row.tolist()),
        tuple(new.tolist()),
        tuple(texts_after(tokenizer, row[:length].tolist(), following.ids.tolist())),
    )


def texts_of(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> list[str]:
    """Each token's part of the text; a character of several tokens stands with the last of them.

    Decoded with the part before it: some tokenizers drop the space with which a text begins.
    """
    parts, before, begun = [], 0, 0
    for i in range(1, len(ids) + 1):
        text = tokenizer.decode(ids[before:i])[len(tokenizer.decode(ids[before:begun])) :]
        half = text.endswith("\ufffd") and i < len(ids)
        parts.append("" if half else text)
        if not half:
            before, begun = begun, i
    return parts


def texts_after(
    tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], tokens: Sequence[int]
) -> list[str]:
    """What each of `tokens` would add to the text of `ids`, which ends in a whole character."""
    length = len(tokenizer.decode(ids))
    return [tokenizer.decode([*ids, token])[length:] for token in tokens]


def shade(prob: float) -> tuple[int, int, int]:
    """Light for a likely token, darker for an unlikely one: log scale from 1 to 0.001."""
    share = min(1.0, -math.log10(max(prob, 1e-9)) / 3)
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(LIKELY, UNLIKELY, strict=True))
    return red, green, blue


def _on(prob: float) -> str:
    return "background:rgb({},{},{});color:#111".format(*shade(prob))


def _head(stage: str, setting: Setting) -> tuple[str, str]:
    """A column's name, and its value or why it has none."""
    if stage == "model":
        return word("stage_model"), ""
    value = getattr(setting, stage)
    neutral = {"top_k": 0}.get(stage, 1.0)
    if value is None or value == neutral:
        return stage, word("off")
    if stage != "repetition_penalty" and not setting.do_sample:
        return stage, word("no_effect")
    return stage, f"{value:g}"


def _percent(found: NextTokens, stage: str, i: int) -> str:
    prob = float(found.probs[stage][i])
    return "–" if prob == 0.0 else percent(prob)


def _code(text: str) -> str:
    return f"<code>{html.escape(repr(text))}</code>"
