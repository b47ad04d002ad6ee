"""The end of a submission that only holds a worker up: it waits, or it hangs."""

import time

from autograder.checking import sentences
from autograder.grading.kernel import Kernel, KernelGoneError
from kischule.i18n import Text

MAX_STUCK = 2  # kernels of a submission that have to be ended, since they do not answer
MAX_IDLE_S = 120.0  # that a submission may keep a worker waiting without computing


class Patience:
    """Decides when the time of a kernel's submission is up, and knows why."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel, self._stuck = kernel, 0
        self._why, self._limit = "over", kernel.settings.total_limit_s

    def after_kernel(self, gone: KernelGoneError) -> None:
        """Take a kernel's end; one that did not answer an interrupt either may be the last."""
        if gone.reason == "timeout":
            self._stuck += 1
            if self._stuck >= MAX_STUCK:
                self._end("stuck", MAX_STUCK)
            else:
                self.after_limit()

    def after_limit(self) -> None:
        """Take a limit that a cell or a call has reached; little may have been computed by then."""
        if self._kernel.idle() > MAX_IDLE_S:
            self._end("idle", MAX_IDLE_S)

    @property
    def ended(self) -> bool:
        """True if the time is up before the submission's limit."""
        return self._why != "over"

    def _end(self, why: str, limit: float) -> None:
        """Let the rest of the submission run out of time, now."""
        if self._kernel.deadline > time.monotonic():
            self._kernel.deadline = time.monotonic()
            self._why, self._limit = why, limit

    def sentence(self) -> Text:
        """The reason for a cell that did not run any more."""
        return sentences.SENTENCES[self._why].format(actual=f"{self._limit:g}")
