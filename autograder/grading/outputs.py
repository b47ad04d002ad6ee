"""Outputs of a student's cell: cut while they arrive, and made harmless for a browser.

A teacher's or another student's browser will show them (feedback, formgrader, report). They keep
text, tracebacks as text, PNG and JPEG pictures, and HTML without scripts, event handlers, forms,
frames or anything that is loaded from elsewhere.
"""

import html
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from autograder.checking.result import Message, Result
from autograder.grading.messages import OUTPUT_CUT, both
from autograder.notebooks.pictures import REFERENCE, SIGNATURES, picture
from autograder.sandbox.text import clean
from kischule.i18n import Text

CELL_BYTES = 1_000_000
MAX_OUTPUTS = 200
TAGS = frozenset(
    (
        *("b", "br", "caption", "code", "dd", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4"),
        *("h5", "h6", "hr", "i", "kbd", "li", "ol", "p", "pre", "s", "small", "span", "strong"),
        *("sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul"),
    )
)
# formulas are MathJax's in a page, and these commands of it lead elsewhere or load something
_ACTS_IN_MATH = re.compile(
    r"\\+(href|url|style|class|cssId|require|unicode|html\w*|data)", re.ASCII
)
ATTRIBUTES = {"*": ["align", "colspan", "rowspan", "title", "lang"]}


class OutputLimit:
    """Limits the output of a cell."""

    def __init__(self, max_bytes: int = CELL_BYTES) -> None:
        self._max_bytes = max_bytes
        self.reset()

    def reset(self) -> None:
        """Start anew for the next cell."""
        self._bytes = self._outputs = 0
        self._cut = False

    def absorbs(self, outputs: list[Any], message: Mapping[str, Any]) -> bool:
        """Take care of a message: append text to its stream's output, drop what is too much.

        Returns True if nothing more has to be done with it. The first message that is dropped
        leaves a line that says so.
        """
        if self._cut:
            return True
        content = message["content"]
        self._bytes += _bytes_of(content)
        last = outputs[-1] if outputs else {}
        same = message["msg_type"] == last.get("output_type") == "stream"
        same = same and content.get("name") == last.get("name")
        self._outputs += not same
        if self._bytes > self._max_bytes or self._outputs > MAX_OUTPUTS:
            self._cut = True
            text = f"\n… {both(OUTPUT_CUT.format(bytes=self._max_bytes))}\n"
            outputs.append(_node("stream", name="stdout", text=text))
            return True
        if same:
            last["text"] = f"{last['text']}{content.get('text')}"
        return same


def _bytes_of(content: Any) -> int:
    try:
        return len(json.dumps(content))
    except (TypeError, ValueError, RecursionError):
        return 1 << 62


def error_output(name: str, value: str) -> Any:
    """Make the output of an error."""
    return _node("error", ename=name, evalue=value, traceback=[f"{name}: {value}"])


def as_output(result: Result) -> Any:
    """The result as the output that `check` shows in a notebook."""
    data = result._repr_mimebundle_()
    return _node("execute_result", data=data, metadata={}, execution_count=None)


def cleaned(result: Result) -> Result:
    """The result, fit to be written: a message may quote the reply of the student's function."""
    message = result.message
    if message is None:
        return result
    parts = {n: p.each(clean) for n, p in vars(message).items() if isinstance(p, Text)}
    told: Message = replace(message, **parts)  # type: ignore[arg-type]
    return replace(result, message=told, error=clean(result.error))


def harmless(outputs: Iterable[Any]) -> list[Any]:
    """Rebuild a kernel's outputs, well-formed and without anything that acts."""
    return [made for output in outputs if (made := _harmless_output(output)) is not None]


def _harmless_output(output: Any) -> Any:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return _node("stream", name=name, text=_joined(output.get("text")))
    if kind == "error":
        lines = output.get("traceback")
        lines = lines if isinstance(lines, list) else []
        return _node(
            "error",
            ename=_joined(output.get("ename"))[:200],
            evalue=_joined(output.get("evalue"))[:2000],
            traceback=[_joined(line) for line in lines[:100]],
        )
    data = output.get("data")
    if kind not in ("display_data", "execute_result") or not isinstance(data, Mapping):
        return None
    kept = {mime: made for mime in data if (made := _harmless_part(mime, data[mime])) is not None}
    more = {"execution_count": None} if kind == "execute_result" else {}
    return _node(kind, data=kept, metadata={}, **more) if kept else None


def _harmless_part(mime: Any, content: Any) -> str | None:
    if mime == "text/plain":
        return _joined(content)
    if mime == "text/html":
        return harmless_html(_joined(content))
    return picture(mime, content)


def texts_and_pictures(outputs: Iterable[Any]) -> list[tuple[str, str]]:
    """Read what outputs of a file show: ("text", …) or a picture's type and its base64.

    The file is the student's, so a value may be anything.
    """
    return [part for output in outputs if (part := _text_or_picture(output)) is not None]


def _text_or_picture(output: Any) -> tuple[str, str] | None:
    if not isinstance(output, Mapping):
        return None
    data = output.get("data")
    data = data if isinstance(data, Mapping) else {}
    for mime in SIGNATURES:
        if (made := picture(mime, _one_text(data.get(mime)))) is not None:
            return mime, made
    text = _joined(output.get("text", data.get("text/plain")))
    if output.get("output_type") == "error":
        text = f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}"
    return ("text", text) if text.strip() else None


def framed(title: str, outputs: Iterable[Any]) -> str:
    """Show outputs of a file as HTML in a frame.

    What is in it cannot leave it, and so cannot pass for what stands outside, such as a result.
    """
    shown = [
        f'<pre style="white-space: pre-wrap">{html.escape(content)}</pre>'
        if kind == "text"
        else f'<img alt="" style="max-width: 100%; border: 0" src="data:{kind};base64,{content}">'
        for kind, content in texts_and_pictures(outputs)
    ]
    style = "border-left: 4px solid #888; padding-left: 1em; max-height: 45em; overflow: auto"
    return f'<div style="{style}"><p><em>{html.escape(title)}</em></p>{"".join(shown)}</div>'


def harmless_html(text: str) -> str:
    """Strip markup of all that acts, loads or links; unknown tags show as text."""
    import bleach  # what nbconvert cleans with

    kept = bleach.clean(text, tags=TAGS, attributes=ATTRIBUTES, strip=True, strip_comments=True)
    return _ACTS_IN_MATH.sub(r"\1", kept)


def harmless_markdown(text: str, pictures: Collection[str] = ()) -> str:
    """Make Markdown safe: tags, pictures and links show as text.

    Links as well, since nbconvert makes one of `[x](javascript:...)`. pictures: the names of
    attachments that may be shown.
    """
    parts = REFERENCE.split(text)  # text and name in turn
    safe = [_plain_markdown(part) for part in parts[::2]]
    shown = [f"![]{'' if n in pictures else chr(92)}(attachment:{n})" for n in parts[1::2]]
    return "".join(a + b for a, b in zip(safe, [*shown, ""], strict=True))


def _plain_markdown(text: str) -> str:
    for mark, shown in (("<", "&lt;"), ("![", r"!\["), ("](", r"]\("), ("]:", r"]\:")):
        text = text.replace(mark, shown)
    return _ACTS_IN_MATH.sub(r"\1", text)


def _joined(value: Any) -> str:
    from nbconvert.filters import strip_ansi

    return clean(strip_ansi(_one_text(value)))


def _one_text(value: Any) -> str:
    """A text, which a file may have as a list of lines; "" for anything else."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _node(kind: str, **fields: Any) -> Any:
    import nbformat

    return nbformat.from_dict({"output_type": kind, **fields})
