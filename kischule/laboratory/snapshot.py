"""One prompt with one setting: the next tokens and a text, as HTML, as plain lines and as code.

The laboratory shows it beside its controls, or by itself if there are no widgets.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kischule import measures, messages
from kischule.colours import BLUE, shade
from kischule.compat import window
from kischule.decoding import FURTHER, NEUTRAL, STAGES, NextTokens, Setting, next_tokens
from kischule.generation import generate_settings, until_end
from kischule.i18n import percent, written
from kischule.tokens import encode, texts_after, texts_of

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MAX_ROWS = 10  # of the table
ROW_HEIGHT = 26  # pixels; the buttons of the laboratory are beside the rows
_BAR_WIDTH = 48  # pixels of the longest bar
_KEPT = BLUE
# as wide as the table: a long sentence does not widen it
_BELOW = "margin:4px 0;line-height:1.3;width:0;min-width:max(100%,17em)"
_HEAD = "vertical-align:bottom;line-height:1.3;font-size:clamp(11px,1.5vw,12px)"
_CELL = "padding:0 5px 0 0;text-align:left"
# the present token's mark, and what only a screen reader reads
_CHOSEN = '<td style="padding:0;line-height:1"><span role="img" aria-label="{}">◀</span></td>'
_FOR_SCREEN_READERS = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"
_CUT = "repeating-linear-gradient(45deg,#9a9a9a 0 2px,transparent 2px 5px)"


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One prompt with one setting: the next tokens and a text. See `take_snapshots`."""

    prompt_text: str
    setting: Setting
    seed: int
    max_length: int
    following: NextTokens  # the most likely tokens after the prompt
    rows: tuple[str, ...]  # the texts of `following.ids`
    ids: tuple[int, ...]  # of prompt and text
    texts: tuple[str, ...]  # one for each of `ids`
    probs: tuple[float, ...]  # of each new token, in the model's own distribution

    @property
    def prompt_length(self) -> int:
        """Tokens of the prompt."""
        return len(self.ids) - len(self.probs)

    @property
    def text(self) -> str:
        """The whole text, prompt included."""
        return "".join(self.texts)

    @property
    def code(self) -> str:
        """Python code: one call for a text like this, and one for exactly this text."""
        setting = asdict(self.setting)
        setting = {n: v for n, v in setting.items() if n not in FURTHER or v is not None}
        given = ", ".join(f"{name}={value!r}" for name, value in setting.items())
        prompt = f"tokenizer({self.prompt_text!r}, return_tensors='pt')"
        return (
            f"input_ids = {prompt}.input_ids.to(model.device)\n\n"
            f"{messages.TRANSFORMERS_CODE}\n"
            f"torch.manual_seed({self.seed})\n"
            f"tokens = model.generate(input_ids, max_length={self.max_length}, {given})\n\n"
            f"{messages.KISCHULE_CODE}\n"
            f"tokens = kischule.generate(model, input_ids, seed={self.seed}, "
            f"max_length={self.max_length}, {given})\n"
            "print(tokenizer.decode(tokens[0]))"
        )

    def __repr__(self) -> str:
        """The table and the text, for a terminal."""
        table = [f"{'':14}" + "".join(f"{_head(s, self.setting)[0][:12]:>14}" for s in self.stages)]
        for i, text in enumerate(self.rows):
            cells = [_percent(self.following, s, i) for s in self.stages]
            table.append(f"{text!r:14}" + "".join(f"{cell:>14}" for cell in cells))
        return "\n".join([*table, "", self.text])

    def _repr_html_(self) -> str:
        return f"<b>{messages.NEXT_TOKEN}</b>{self.table(names=True)}{self.written()}"

    @property
    def stages(self) -> tuple[str, ...]:
        """The columns of the table: the steps whose probabilities are there."""
        return tuple(self.following.probs)

    @property
    def longest(self) -> float:
        """The largest probability in the table."""
        return max(float(column.max()) for column in self.following.probs.values())

    def table(self, names: bool = False, ends: bool = False, longest: float | None = None) -> str:
        """The next tokens as HTML, one column per step.

        names: show the tokens; without, only a screen reader reads them. ends: only the first and
        the last step, for two tables side by side. longest: probability of a bar of full length,
        for tables that are compared. A row is `ROW_HEIGHT` pixels high, the head twice as high.
        """
        longest = longest or self.longest
        stages = (self.stages[0], self.stages[-1]) if ends else self.stages
        head = "".join(self._head_cell(stage, ends) for stage in stages)
        chosen = self.ids[self.prompt_length] if self.probs else None
        lines = []
        hidden = "" if names else _FOR_SCREEN_READERS
        for i, token in enumerate(self.following.ids.tolist()):
            name = f'<th scope="row"><span style="{hidden}">{_code_html(self.rows[i])}</span></th>'
            cells = "".join(self._cell(stage, i, longest) for stage in stages)
            mark = _CHOSEN.format(messages.GOES_ON) if token == chosen else "<td></td>"
            lines.append(f'<tr style="height:{ROW_HEIGHT}px">{name}{cells}{mark}</tr>')
        first = f'<th scope="col"><span style="{_FOR_SCREEN_READERS}">{messages.TOKEN}</span></th>'
        return (
            '<table style="border-collapse:collapse;table-layout:auto;font-size:13px">'
            f'<thead><tr style="height:{2 * ROW_HEIGHT}px">{first}{head}<td></td></tr></thead>'
            f"<tbody>{''.join(lines)}</tbody></table>"
            f'<div style="{_BELOW}">{html.escape(self.cut_sentence())}</div>'
        )

    def cut_sentence(self) -> str:
        """The number of tokens that are kept, and the probability that is cut off."""
        found = self.following
        return messages.kept_tokens(found.num_kept, found.vocab_size, found.mass_cut)

    def _head_cell(self, stage: str, ends: bool) -> str:
        name, value = _head(stage, self.setting)
        if ends and stage != STAGES[0]:
            name, value = str(messages.FINAL_STAGE), ""
        # the longest name breaks at its underscore and leaves its column narrow
        width = "auto" if stage == STAGES[0] or ends else "1px"
        name = name.replace("repetition_", "repetition_<wbr>").replace("ngram_", "ngram_<wbr>")
        return (
            f'<th scope="col" style="width:{width};{_CELL};{_HEAD}">{name}<br>'
            f'<span style="font-weight:normal">{value}&nbsp;</span></th>'
        )

    def _cell(self, stage: str, i: int, longest: float) -> str:
        probs = self.following.probs
        prob = float(probs[stage][i])
        cut = prob == 0.0  # its bar keeps the length that it had before the cut
        length = float(probs["temperature"][i]) if cut else prob
        width = max(4 if cut else 1, round(_BAR_WIDTH * length / longest))
        fill = _CUT if cut else _KEPT
        return (
            f'<td style="{_CELL};white-space:nowrap;line-height:1.15">'
            f"{_percent(self.following, stage, i)}"
            f'<span style="display:block;height:6px;width:{width}px;background:{fill}"></span></td>'
        )

    def written(self) -> str:
        """The text as HTML: the prompt, then each new token, coloured by its probability."""
        start = self.prompt_length
        prompt = html.escape("".join(self.texts[:start]))
        parts = [f'<span style="opacity:.7">{prompt}</span>']
        for text, prob in zip(self.texts[start:], self.probs, strict=True):
            parts.append(
                f'<span title="{percent(prob)}" style="{_on(prob)};border-radius:2px">'
                f"{html.escape(text)}</span>"
            )
        legend = "".join(
            f'<span style="{_on(p)};padding:0 6px;white-space:nowrap">{percent(p, 0)}</span>'
            for p in (1.0, 0.1, 0.01)
        )
        style = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.7;max-width:46em"
        return (
            f'<div style="{style}">{"".join(parts)}</div>'
            '<div style="font-size:85%;margin-top:4px;line-height:1.4">'
            f"{messages.TOKEN_PROBABILITY}: {legend}</div>"
        )


def take_snapshots(
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    prompt_text: str,
    settings: Sequence[Setting],
    *,
    seed: int = 1,
    max_new_tokens: int = 40,
) -> list[Snapshot]:
    """One snapshot per setting, all with the same seed, generated in one pass.

    A text ends with the model's window at the latest. Raises PromptError for a prompt that is empty
    or too long.
    """
    ids = encode(tokenizer, model, prompt_text)
    length = ids.shape[1]
    max_length = min(length + max_new_tokens, window(model) or length + max_new_tokens)
    seeds = [seed] * len(settings)
    tokens = generate_settings(model, ids, settings, seeds=seeds, max_length=max_length).cpu()
    snapshots = []
    for setting, row in zip(settings, tokens, strict=True):
        row = row[: length + len(until_end(row[length:].tolist(), model))]
        following = next_tokens(model, row[None, :length], setting.effective, MAX_ROWS)
        rows = texts_after(tokenizer, row[:length].tolist(), following.ids.tolist())
        snapshots.append(
            Snapshot(
                prompt_text=prompt_text,
                setting=setting,
                seed=seed,
                max_length=max_length,
                following=following,
                rows=tuple(rows),
                ids=tuple(row.tolist()),
                texts=tuple(texts_of(tokenizer, row.tolist())),
                probs=tuple(_new_probs(model, row, length)),
            )
        )
    return snapshots


def _new_probs(
    model: PreTrainedModel,
    ids: Tensor,  # (T,) long
    prompt_length: int,
) -> list[float]:
    """Probability of each token after the prompt, in the model's own distribution."""
    log_probs = measures.token_log_probs(model, ids[None])[prompt_length - 1 :]
    return log_probs.exp().tolist()


def _on(prob: float) -> str:
    """The style of a token: always dark text, so that any theme of the notebook will do."""
    return "background:rgb({},{},{});color:#111".format(*shade(prob))


def _head(stage: str, setting: Setting) -> tuple[str, str]:
    """A column's name, and its value or the reason that it has none."""
    if stage == "model":
        return str(messages.MODEL_STAGE), ""
    value = getattr(setting, stage)
    if value is None or value == (NEUTRAL | FURTHER)[stage]:
        return stage, str(messages.OFF)
    if getattr(setting.effective, stage) is None:
        return stage, str(messages.NEEDS_SAMPLING)
    return stage, written(value)


def _percent(found: NextTokens, stage: str, i: int) -> str:
    prob = float(found.probs[stage][i])
    return "–" if prob == 0.0 else percent(prob)


def _code_html(text: str) -> str:
    return f"<code>{html.escape(repr(text))}</code>"
