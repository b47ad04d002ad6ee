"""The result of one exercise at one level, from the kernel to gradebook, page and report.

Everything is data, in both languages; it becomes text only here and where somebody reads it. Loads
neither torch nor numpy.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from autograder.checking import messages, sentences
from autograder.exercises.exercise import Exercise, Level
from autograder.exercises.strict import read
from kischule.colours import ORANGE
from kischule.i18n import Text, language

RESULT_MIME = "application/vnd.kischule.result+json"
# kinds of a mismatch that are not the student's
OURS = ("ours", "no_reference")
# kinds of a mismatch for which there is no solution yet
UNSOLVED = ("missing", "not_callable", "not_implemented")
# the colour and sign of a passed, failed and ungraded result; they show on dark pages as well
LOOKS = {True: ("#2e7d32", "✓"), False: (ORANGE, "✗"), None: ("#5f6b7a", "–")}


@dataclass(frozen=True)
class Line:
    """A line to show: perhaps a label before it, perhaps set as code."""

    text: Text
    label: Text | None = None
    code: bool = False

    def plain(self, code: str) -> str:
        """The line as plain text in one language."""
        return f"{self.label[code]}: {self.text[code]}" if self.label else self.text[code]

    def markup(self, code: str) -> str:
        """The line as HTML in one language."""
        text = html.escape(self.text[code]).replace("\n", "<br>")
        text = f"<code>{text}</code>" if self.code else text
        return f"{self.label[code]}: {text}" if self.label else text


@dataclass(frozen=True, kw_only=True)
class Message:
    """The message to a student: what is wrong, or with whose functions it was judged."""

    sentence: Text
    call: Text | None = None  # the call it is about; of a hidden case only that it was one
    code: str = ""  # the same, to be run; "" for a hidden case
    note: Text | None = None  # about the model, if that is not the embedded one
    hint: Text | None = None  # the reason for this mistake, if it is known
    steps: tuple[Text, ...] = ()  # the exercise's hints, each shown when it is asked for
    read: Text | None = None  # where the rule is stated

    @property
    def lines(self) -> list[Line]:
        """All parts that everybody sees, but the reference to the notebook, in their order."""
        parts: list[tuple[Text | None, Text | None]] = [(messages.CALL, self.call)]
        parts += [(None, self.sentence), (None, self.note), (messages.HINT, self.hint)]
        is_code = self.call is not None and self.call.de == self.call.en
        return [
            Line(text, label, code=label is messages.CALL and is_code)
            for label, text in parts
            if text is not None
        ]

    def plain(self, code: str) -> str:
        """The lines as plain text in one language."""
        return "\n".join(line.plain(code) for line in self.lines)


@dataclass(frozen=True)
class Chart:
    """Shares of tokens, as they should be and as they are: one bar a token."""

    labels: tuple[str, ...]
    expected: tuple[float, ...]  # 0 is forbidden
    actual: tuple[float, ...]
    sampled: bool  # actual: how often it was sampled; otherwise the probability it was given


@dataclass(frozen=True)
class TokenTable:
    """A vector token by token; a row has a text for each of `messages.COLUMNS`."""

    rows: tuple[tuple[str, ...], ...]
    wrong: tuple[bool, ...]  # of each row


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of one exercise at one level, of a plain test, or of a text for the teacher."""

    exercise: str
    level: Level
    passed: bool | None  # False: the student's mistake; None: ours, skipped, or up to the teacher
    points: float
    max_points: float  # 0 in a student's own kernel, which does not know the notebook's points
    bonus: bool = False  # its points come on top of the assignment's
    kind: str = ""  # of the first mismatch; "" if there is none
    rule: str = ""  # the mistake that the message states, see `mistake_of`; "" if none
    error: str = ""  # what the function raised; "" if it raised nothing
    passed_cases: int = 0
    cases: int = 0
    message: Message | None = None
    chart: Chart | None = None  # of a public case that did not pass, as the table
    table: TokenTable | None = None
    credit: float | None = None  # partial credit of a plain test, in points; None: all or nothing

    @classmethod
    def manual(cls, *, exercise: str, max_points: float) -> Result:
        """A text that waits for the teacher."""
        level = Level.MANUAL
        return cls(exercise=exercise, level=level, passed=None, points=0.0, max_points=max_points)

    @classmethod
    def failed(cls, exercise: Exercise, level: Level, *, kind: str, sentence: Text) -> Result:
        """A failure that no call showed: the test cell was stopped, or gave no result."""
        return cls(
            exercise=exercise.id,
            level=level,
            passed=False,
            points=0.0,
            max_points=exercise.points_of(level),
            bonus=exercise.bonus,
            kind=kind,
            message=Message(sentence=sentence),
        )

    @property
    def ours(self) -> bool:
        """True if it was not judged, and the student is not to blame."""
        return self.kind in OURS

    @property
    def grade_id(self) -> str:
        """The id of the test cell, or of the text's cell."""
        return self.level.prefix + self.exercise

    @property
    def counted_points(self) -> float:
        """The points that the assignment's maximum counts: none for a bonus."""
        return 0.0 if self.bonus else self.max_points

    def worth(self, points: float) -> Result:
        """The same result, where its cell gives so many points; a bonus has its own."""
        if self.bonus:
            return self
        if self.credit is not None:
            given = min(self.credit, points)
            return replace(self, passed=given == points, points=given, max_points=points)
        return replace(self, points=points if self.passed else 0.0, max_points=points)

    def told(self, code: str) -> str:
        """The message in one language, as plain text; "" if there is none."""
        return self.message.plain(code) if self.message else ""

    @property
    def headline(self) -> Text:
        """Exercise, level, state and points in a line; points only where they are known."""
        line = messages.HEADLINE.format(
            exercise=self.exercise,
            level=messages.LEVELS[self.level],
            state=messages.STATES[self.passed],
        )
        if not self.max_points:
            return line
        points = messages.BONUS if self.bonus else messages.POINTS
        told = points.of(self.max_points, points=self.points)
        return Text.same("{line}, {told}").format(line=line, told=told)

    @property
    def progress(self) -> Text | None:
        """The number of examples passed before the first failure; None where that is no news."""
        unsolved = self.passed_cases == 0 and self.kind in UNSOLVED
        if self.level != Level.PUBLIC or self.passed is None or unsolved or not self.cases:
            return None
        if self.passed_cases and not self.passed:
            return messages.SOME_PASSED.format(passed=self.passed_cases, cases=self.cases)
        return (messages.ALL_PASSED if self.passed else messages.NONE_PASSED).of(self.cases)

    @property
    def details(self) -> list[Line]:
        """The lines below the headline."""
        progress = [] if self.progress is None else [Line(self.progress)]
        lines = self.message.lines if self.message else []
        read = self.message.read if self.message else None
        return [*progress, *lines, *([Line(read, messages.READ)] if read else [])]

    def below(self, code: str) -> str:
        """The details as plain text in one language, and how to ask for hints."""
        lines = self.details
        if self.message and self.message.steps:
            lines.append(Line(messages.STEPS.format(exercise=self.exercise), messages.MORE))
        return "\n".join(line.plain(code) for line in lines)

    def plain(self, code: str) -> str:
        """Headline and details in one language."""
        return "\n".join(filter(None, [self.headline[code], self.below(code)]))

    def __str__(self) -> str:
        return self.plain(language())

    __repr__ = __str__

    def _ipython_display_(self) -> None:
        """In a notebook whose cell passes: the box, but no value of the cell.

        nbgrader reads points from a value, and gives all points of the cell, as the teacher has set
        them, where there is none.
        """
        if not self.passed:
            raise NotImplementedError  # IPython goes on to the next method
        from IPython.display import display

        display(self._repr_mimebundle_(), raw=True)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """In a notebook: a box; a failure's plain text is 0, nbgrader's value for no points."""
        text = messages.STATES[True].en if self.passed else "0"
        return {"text/plain": text, "text/html": box(self), RESULT_MIME: self.as_data()}

    def as_data(self) -> dict[str, Any]:
        """The result as JSON has it."""
        return {**asdict(self), "level": str(self.level)}

    def as_row(self, code: str) -> dict[str, Any]:
        """The contract of `grade --json` for one exercise and level; code: of its language."""
        return {
            "id": self.exercise,
            "level": str(self.level),
            "points": self.points,
            "max_points": self.counted_points,
            "passed": self.passed,
            "message": self.told(code),
        }


def result_in(outputs: Iterable[Mapping[str, Any]], exercise: str) -> Result | None:
    """The result of this exercise in a test cell's outputs; None if there is none.

    Raises DataError for one that `as_data` did not write.
    """
    for output in outputs:
        data = output.get("data", {}).get(RESULT_MIME)
        if isinstance(data, Mapping) and data.get("exercise") == exercise:
            return read(Result, data, RESULT_MIME)
    return None


# --- the box in a notebook ----------------------------------------------------------------------


def box(result: Result) -> str:
    """A calm box: German with English to unfold; in the English edition English only.

    HTML without scripts. Text has the page's own colour, so that it shows on dark pages as well.
    """
    colour, sign = LOOKS[result.passed]
    mark = f'<span style="color:{colour}" aria-hidden="true">{sign}</span> '
    own = language()
    folded = (
        '<details lang="en" style="margin-top:.3em;font-size:85%;opacity:.75">'
        f"<summary>English</summary>{_box_content('', result, 'en')}</details>"
    )
    return (
        f'<div style="border-left:4px solid {colour};padding:.4em .9em;margin:.3em 0;'
        f'max-width:60em">{_box_content(mark, result, own)}{folded if own == "de" else ""}</div>'
    )


def _box_content(mark: str, result: Result, code: str) -> str:
    body = "<br>".join(line.markup(code) for line in result.details)
    body = f'<div style="margin-top:.3em">{body}</div>' if body else ""
    body += _table_markup(result.table, code) if result.table else ""
    if result.message:
        call = f'<pre style="white-space:pre-wrap">{html.escape(result.message.code)}</pre>'
        body += _folded(messages.RUN[code], call) if result.message.code else ""
        body += folded_steps(result.message.steps, code)
    return f'<div lang="{code}"><b>{mark}{html.escape(result.headline[code])}</b>{body}</div>'


def _table_markup(table: TokenTable, code: str) -> str:
    """The table; a wrong number is bold and has a sign."""
    cell = "padding:.1em .4em;text-align:right"
    number = f"{cell};white-space:nowrap"
    head = "".join(f'<th scope="col" style="{cell}">{c[code]}</th>' for c in messages.COLUMNS)
    rows = []
    for row, wrong in zip(table.rows, table.wrong, strict=True):
        *others, last = map(html.escape, row)
        last = f"<b>{last} {LOOKS[False][1]}</b>" if wrong else last
        rows.append("".join(f'<td style="{number}">{text}</td>' for text in (*others, last)))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        '<table style="margin:.4em 0;border-collapse:collapse">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _folded(summary: str, content: str) -> str:
    return f'<details style="margin-top:.3em"><summary>{summary}</summary>{content}</details>'


def folded_steps(steps: Sequence[Text], code: str) -> str:
    """The hints as HTML in one language, each folded inside the one before it."""
    markup = ""
    for number, step in reversed(list(enumerate(steps, 1))):
        summary = messages.STEP.format(step=number, count=len(steps))[code]
        markup = _folded(summary, f"<div>{html.escape(step[code])}{markup}</div>")
    return markup


def explained(result: Result, kind: str, values: Mapping[str, str]) -> Result:
    """The result of a function that is not defined, with the reason (see `why_undefined`)."""
    message = Message(sentence=sentences.SENTENCES[kind].format(**values))
    kind = kind if kind == "not_implemented" else result.kind
    return replace(result, kind=kind, message=message)
