"""The page on which a teacher grades answers in words, served to this machine's browser alone.

Students' texts are hostile: they reach the page as data and are put into it as text, and its
policy lets nothing run or load that this server does not send. Another user of the machine does not
know the token in the address; another site cannot read or send anything, since the server answers
to its own name (Host) and takes only what its own page sends (Origin).
"""

import hmac
import json
import secrets
import sys
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from autograder.course.messages import NOTHING_TO_READ, UNREADABLE_MARK
from autograder.course.observations import (
    Answer,
    ChangedError,
    Mark,
    MarkError,
    Observations,
    Question,
)
from autograder.errors import UserError
from autograder.reports.agreement import Agreement, agreed, agreements
from autograder.reports.observation_words import (
    ADOPTED,
    GRADERS_AGREE,
    OBSERVATIONS_TITLE,
    SUBMISSION_LABEL,
    WORDS,
)
from kischule.i18n import Text

PAGE_FILES = Path(__file__).parent / "templates"
MAX_BODY_BYTES = 100_000
IDLE_TIMEOUT_S = 30.0  # of a connection on which nothing comes
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
STATIC = {"observations.js": "text/javascript", "observations.css": "text/css"}


class Marking:
    """One session: what the page shows, and what it enters."""

    def __init__(
        self, observations: Observations, language: str, grader: str = "", names: bool = False
    ) -> None:
        """grader: whose marks are kept apart; "": marks go into the gradebook."""
        self._book, self.language, self._grader, self._names = observations, language, grader, names
        self._answers: dict[str, list[Answer]] = {}
        self._lock = Lock()

    def page(self) -> bytes:
        """The page without its data."""
        title = OBSERVATIONS_TITLE.format(assignment=self._book.assignment)[self.language]
        loader = FileSystemLoader(PAGE_FILES)
        environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        template = environment.get_template("observations.html.j2")
        return template.render(language=self.language, title=title).encode()

    def data(self) -> dict[str, Any]:
        """All questions with all answers: the next one is there before it is asked for."""
        with self._lock:
            self._answers = self._book.answers()
            asked = [question for question in self._book.questions if self._answers[question.cell]]
            questions = [self._question(question) for question in asked]
        words = {key: text[self.language] for key, text in WORDS.items()}
        return {"questions": questions, "words": words, "grader": self._grader}

    def outputs(self, cell: str, number: str) -> dict[str, Any]:
        """Read what cells beside an answer show in the submitted file. Raises MarkError."""
        question = self._book.question(cell)
        answers = self._answers.get(cell, [])
        if not number.isdecimal() or int(number) >= len(answers):
            raise MarkError(UNREADABLE_MARK)
        return {"outputs": self._book.outputs(question, answers[int(number)].student)}

    def grade(self, sent: Any) -> dict[str, Any]:
        """Enter a mark that the page sent. Raises MarkError, ChangedError."""
        try:
            question = self._book.question(str(sent["cell"]))
            number = int(sent["number"])
            new = Mark(float(sent["points"]), str(sent["comment"]).strip())
            seen = Mark(_or_none(sent["seen"]["points"]), str(sent["seen"]["comment"]))
            with self._lock:
                answer = self._answers[question.cell][number]
                if answer.key != sent["answer"]:
                    raise KeyError
                if self._grader:
                    self._book.keep(question, answer, self._grader, new)
                else:
                    self._book.enter(question, answer.student, new, seen)
        except (LookupError, TypeError, ValueError) as error:
            if isinstance(error, UserError):
                raise
            raise MarkError(UNREADABLE_MARK) from error
        return asdict(new)

    def adopt(self, sent: Any) -> dict[str, Any]:
        """Enter the marks of a question on which all graders agree, where none is entered yet."""
        question = self._book.question(str(sent["cell"]) if isinstance(sent, dict) else "")
        count = 0
        with self._lock:
            for answer in self._answers.get(question.cell, ()) if not self._grader else ():
                mark = agreed(self._book.marks_of_graders(question, answer))
                if mark is not None and answer.waits:
                    self._book.enter(question, answer.student, mark, answer.mark)
                    count += 1
        return {"message": ADOPTED.of(count)[self.language]}

    def agreement(self) -> list[Text]:
        """A line for each question and each two graders. Raises MarkError without an answer."""
        answers = self._book.answers()
        if not any(answers.values()):
            raise MarkError(NOTHING_TO_READ.format(assignment=self._book.assignment))
        return [
            _line(question, found)
            for question in self._book.questions
            for found in agreements(
                [self._book.marks_of_graders(question, a) for a in answers[question.cell]]
            )
        ]

    def _question(self, question: Question) -> dict[str, Any]:
        answers = self._answers[question.cell]
        marks = [self._book.marks_of_graders(question, answer) for answer in answers]
        found = [] if self._grader else agreements(marks)
        return {
            **asdict(question),
            "answers": [
                self._answer(i, answer, mine)
                for i, (answer, mine) in enumerate(zip(answers, marks, strict=True))
            ],
            "agreement": [_line(question, each)[self.language] for each in found],
        }

    def _answer(self, number: int, answer: Answer, marks: dict[str, Mark]) -> dict[str, Any]:
        mark, waits, others = answer.mark, answer.waits, {}
        if self._grader:
            mark = marks.get(self._grader, Mark(None))
            waits = mark.points is None
        else:
            others = {grader: asdict(each) for grader, each in marks.items()}
        label = SUBMISSION_LABEL.format(number=number + 1)[self.language]
        return {
            "label": answer.student if self._names else label,
            "key": answer.key,
            "text": answer.text,
            "pictures": answer.pictures,
            "waits": waits,
            "others": others,
            **asdict(mark),
        }


def _line(question: Question, found: Agreement) -> Text:
    kappa = "–" if found.kappa is None else Text.same("{value:.2f}").format(value=found.kappa)
    about = {"cell": question.cell, "graders": " – ".join(found.graders), "kappa": kappa}
    counts = {"count": len(found.pairs), "differing": found.differing}
    return GRADERS_AGREE.format(**about, **counts)


def _or_none(points: Any) -> float | None:
    return None if points is None else float(points)


class PageServer(ThreadingHTTPServer):
    """Serves one session on a free port of this machine."""

    daemon_threads = True

    def __init__(self, marking: Marking) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.marking, self.token = marking, secrets.token_urlsafe(24)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.address = f"{self.origin}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a browser leave without a traceback; a mistake of ours is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    timeout = IDLE_TIMEOUT_S
    server_version, sys_version = "kischule", ""

    def do_GET(self) -> None:
        name = self._asked()
        if name == "":
            self._send(self.server.marking.page(), "text/html")
        elif name == "data":
            self._answer(lambda: self.server.marking.data())
        elif name is not None and name.startswith("outputs/") and name.count("/") == 2:
            _, cell, number = name.split("/")
            self._answer(lambda: self.server.marking.outputs(cell, number))
        elif name in STATIC:
            self._send((PAGE_FILES / name).read_bytes(), STATIC[name])
        elif name is not None:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        name = self._asked()
        actions = {"grade": self.server.marking.grade, "adopt": self.server.marking.adopt}
        if name is None:
            return
        if self.headers.get("Origin") != self.server.origin or name not in actions:
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        if self.headers.get("Content-Type") != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        try:
            sent = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        self._answer(lambda: actions[name](sent))

    def _asked(self) -> str | None:
        """The name that is asked for; None: refused."""
        host = self.server.origin.removeprefix("http://")
        origin = self.headers.get("Origin", self.server.origin)
        _, token, name = [*self.path.split("/", 2), "", ""][:3]
        if self.headers.get("Host") != host or origin != self.server.origin:
            self._refuse(HTTPStatus.FORBIDDEN)
        elif not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._refuse(HTTPStatus.NOT_FOUND)
        else:
            return name
        return None

    def _answer(self, action: Callable[[], dict[str, Any]]) -> None:
        try:
            found, status = action(), HTTPStatus.OK
        except UserError as error:
            language = self.server.marking.language
            found = {"message": error.text[language]}
            changed = isinstance(error, ChangedError)
            status = HTTPStatus.CONFLICT if changed else HTTPStatus.BAD_REQUEST
        self._send(json.dumps(found).encode(), "application/json", status)

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self._send(status.phrase.encode(), "text/plain", status)

    def _send(self, content: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Keep the address with its token out of logs."""
