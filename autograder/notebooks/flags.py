"""Flags: something odd about a submission, and which cell or file it concerns."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum

from kischule.i18n import Text


class FlagKind(str, Enum):
    """Kinds of flags."""

    MISSING = "missing"  # a cell; the release's empty one takes its place
    DOUBLED = "doubled"  # several cells with one id; all of them run, in their order
    MOVED = "in another cell"  # a solution or an answer, not in the given one; it counts
    RETYPED = "another type"  # a solution that is not a code cell, an answer that is one
    STRIPPED = "without metadata"  # cells that were found by their id or their content
    OTHER_EDITION = "another edition"  # of the notebook: its texts are in another language
    CHANGED = "changed"  # the text or type of a locked cell; the release's counts
    RENAMED = "renamed"  # the notebook has another name than the release
    KERNEL_ENDED = "kernel ended"  # at a cell, for a reason
    CHECK_FAILED = "check failed"  # at a test cell, and the mistake is ours
    NOT_PROTECTED = "not protected"  # points of plain tests, which the student's process decides
    LATE = "late"  # by a time, and the points that it costs
    NO_TIME = "the time of submission is not a date"
    NOT_READABLE = "not readable"
    NOT_GRADED = "not graded"
    NOT_STORED = "not in the gradebook"
    EARLIER_GRADE = "the earlier grade stands"

    __str__ = str.__str__


# kinds that are all said by their reason
_REASON_ONLY = (FlagKind.NOT_READABLE, FlagKind.NOT_GRADED)


@dataclass(frozen=True)
class Flag:
    """Something odd about a submission."""

    kind: FlagKind
    cell: str = ""  # its id
    reason: str | Text = ""  # a str reads the same in both languages: a file's name

    @property
    def why(self) -> Text:
        """The reason in both languages."""
        return self.reason if isinstance(self.reason, Text) else Text.same(self.reason)

    def said(self, kind: str, reason: str) -> str:
        """The flag in one language: `doubled: top_tokens`. kind, reason: their words there."""
        if self.kind in _REASON_ONLY:
            return reason
        if self.cell:
            return f"{kind} ({reason}): {self.cell}" if reason else f"{kind}: {self.cell}"
        return f"{kind}: {reason}" if reason else kind

    def __str__(self) -> str:
        """As JSON has it, and the command in English."""
        return self.said(str(self.kind), self.why.en)

    def as_data(self) -> dict[str, object]:
        """The flag as JSON has it."""
        reason = asdict(self.reason) if isinstance(self.reason, Text) else self.reason
        return {"kind": str(self.kind), "cell": self.cell, "reason": reason}
