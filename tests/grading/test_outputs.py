"""Outputs: cut while they arrive, harmless in a browser."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from autograder.grading.outputs import (
    CELL_BYTES,
    MAX_OUTPUTS,
    OutputLimit,
    harmless,
    harmless_html,
    harmless_markdown,
)

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n rest").decode()


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"msg_type": "stream", "content": {"name": name, "text": text}}


def taken(messages: list[dict[str, Any]], limit: OutputLimit) -> list[Any]:
    outputs: list[Any] = []
    for message in messages:
        if not limit.absorbs(outputs, message):
            outputs.append({"output_type": message["msg_type"], **message["content"]})
    return outputs


def test_lines_of_one_stream_become_one_output() -> None:
    found = taken([stream("a\n"), stream("b\n"), stream("c", "stderr")], OutputLimit())
    assert [(o["name"], o["text"]) for o in found] == [("stdout", "a\nb\n"), ("stderr", "c")]


def test_output_ends_at_the_limit_and_says_so() -> None:
    limit = OutputLimit()
    found = taken([stream("x" * 1000) for _ in range(5000)], limit)
    size = sum(len(o["text"]) for o in found)
    assert CELL_BYTES * 0.9 < size < CELL_BYTES
    assert "output cut" in found[-1]["text"]
    limit.reset()
    assert taken([stream("again")], limit)[0]["text"] == "again"


def test_one_output_that_is_too_large_leaves_only_the_notice() -> None:
    (found,) = taken([stream("x" * (CELL_BYTES + 1))], OutputLimit())
    assert "output cut" in found["text"]


def test_the_number_of_outputs_is_limited() -> None:
    messages = [{"msg_type": "display_data", "content": {"data": {}}} for _ in range(1000)]
    assert len(taken(messages, OutputLimit())) == MAX_OUTPUTS + 1


def test_text_pictures_tables_and_tracebacks_stay() -> None:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "Zwölf\n"},
        {"output_type": "display_data", "data": {"image/png": PNG, "text/plain": "<Figure>"}},
        {
            "output_type": "execute_result",
            "data": {"text/html": "<table><tr><td>1</td></tr></table>"},
        },
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[31mline\x1b[0m"]},
    ]
    found = harmless(outputs)
    assert found[0].text == "Zwölf\n"
    assert found[1].data == {"image/png": PNG, "text/plain": "<Figure>"}
    assert "<tr><td>1</td></tr>" in found[2].data["text/html"]
    assert found[3].traceback == ["line"]


@pytest.mark.parametrize(
    "output",
    [
        {"output_type": "x"},
        {"output_type": "display_data", "data": []},
        {"output_type": "display_data", "data": {"application/javascript": "alert(1)"}},
        {"output_type": "display_data", "data": {"image/svg+xml": "<svg onload=alert(1)>"}},
        {"output_type": "display_data", "data": {"text/latex": r"$\href{javascript:x}{y}$"}},
        {"output_type": "display_data", "data": {"text/markdown": "![](https://x)"}},
        {"output_type": "display_data", "data": {"image/png": "<script>"}},
        {"output_type": "display_data", "data": {"image/jpeg": PNG}},
        {"output_type": "display_data", "data": {"image/png": 5}},
        {},
    ],
    ids=str,
)
def test_an_output_that_acts_or_is_mislabelled_goes(output: dict[str, Any]) -> None:
    assert harmless([output]) == []


def test_malformed_outputs_become_well_formed_ones() -> None:
    found = harmless(
        [
            {"output_type": "stream", "name": [], "text": {"a": 1}},
            {"output_type": "error", "ename": 5, "evalue": None, "traceback": "x"},
            {"output_type": "stream", "name": "stdout", "text": ["a", 5, "b\x00\x07\ud800"]},
        ]
    )
    assert [o.get("text", o.get("ename")) for o in found] == ["", "", "ab?"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        "<svg onload=alert(1)></svg>",
        '<iframe src="https://example.org"></iframe>',
        '<div style="background:url(https://example.org/x)">x</div>',
        '<link rel="stylesheet" href="https://example.org/x.css">',
        "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        r"$\href{javascript:alert(1)}{x}$",
        r"$\\href{javascript:alert(1)}{x}$",
        '<base href="https://example.org">',
        '<object data="https://example.org"></object><embed src="https://example.org">',
    ],
)
def test_markup_that_acts_loads_or_leads_elsewhere_goes(text: str) -> None:
    for made in (harmless_html(text), harmless_markdown(text)):
        lower = made.lower()
        for tag in (
            "script",
            "img",
            "a ",
            "svg",
            "iframe",
            "link",
            "base",
            "object",
            "form",
            "style",
        ):
            assert f"<{tag}" not in lower, made
        assert "\\href" not in made
    made = harmless_html(text).lower()
    assert "onerror=" not in made.split("title=")[0]
    assert "url(" not in made


def test_markdown_stays_but_for_pictures_and_markup() -> None:
    text = "## Titel\n\n* **fett** und `code`, $a_1 < b$\n\n![x](https://example.org/x.png)"
    made = harmless_markdown(text)
    assert made.startswith("## Titel\n\n* **fett** und `code`, $a_1 &lt; b$")
    assert "![" not in made
