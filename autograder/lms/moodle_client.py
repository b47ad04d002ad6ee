"""Calls to Moodle's web services, with a token from the environment.

As Moodle's own code has it (github.com/moodle/moodle):

* calls: `webservice/rest/server.php`, form fields `wstoken`, `wsfunction` and the arguments, nested
  as PHP's `grades[0][userid]`. Errors come with status 200, as an object with `exception`,
  `errorcode` and `message` (`webservice/rest/locallib.php`, `generate_error`).
* files: `webservice/pluginfile.php` and `upload.php` take the token as `token`, by
  `required_param`, which reads a form as well as an address. Their errors are objects with `error`
  and `errorcode` (`core_renderer_ajax::fatal_error`).

The token is sent in forms alone, never in an address; redirects are not followed, since they would
carry it elsewhere; and no file is fetched from another place than the Moodle of the address.
"""

import ipaddress
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from requests import exceptions as errors

from autograder.errors import UserError
from autograder.lms import moodle_messages as messages
from autograder.notebooks import reader
from autograder.sandbox.text import clean, shortened
from kischule.i18n import Text

TOKEN_VARIABLE = "KISCHULE_MOODLE_TOKEN"
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 10.0, 60.0
MAX_SECONDS = 300.0  # of one answer, however slowly it comes
MAX_ANSWER_BYTES = 200 << 20
RETRY_AFTER_S = (0.5, 2.0)  # for calls that change nothing
# the token or its service is wrong: nothing else will work either
TOKEN_CODES = ("invalidtoken", "accessexception", "servicenotavailable", "enablewsdescription")

_ADDRESS = re.compile(
    r"(https?)://([^/?#@\s]+)((?:/[\w.~-]+)*)/mod/assign/view\.php\?id=(\d+)(&action=\w+)?"
)


class MoodleError(UserError, RuntimeError):
    """Moodle cannot be used, or refused a call."""


class RejectedError(MoodleError):
    """An error that Moodle named; the call may have had an effect all the same."""

    def __init__(self, message: Text, code: str) -> None:
        super().__init__(message)
        self.code = code


class LostAnswerError(MoodleError):
    """No answer, or none that can be read: the call may have had its effect."""


class Moodle:
    """One Moodle, and the assignment in it that an address from a browser names."""

    def __init__(self, address: str) -> None:
        """address: of the assignment's page. Raises MoodleError."""
        match = _ADDRESS.fullmatch(address)
        if not match:
            raise MoodleError(messages.NO_ADDRESS)
        scheme, host, path, module = match.groups()[:4]
        self.site, self.module = f"{scheme}://{host.lower()}{path}", int(module)
        self.address = f"{self.site}/mod/assign/view.php?id={module}"
        local = _is_loopback(re.sub(r":\d+$", "", host))
        if scheme != "https" and not local:
            raise MoodleError(messages.NOT_HTTPS.format(site=self.site))
        self._token = os.environ.get(TOKEN_VARIABLE, "").strip()
        if not re.fullmatch(r"[A-Za-z0-9]{8,256}", self._token):
            raise MoodleError(messages.NO_TOKEN.format(variable=TOKEN_VARIABLE))
        self._session = requests.Session()
        self._session.trust_env = not local  # a proxy is for other machines

    def read(self, function: str, **arguments: Any) -> Any:
        """Call a function that changes nothing, again where the answer was lost."""
        for pause in RETRY_AFTER_S:
            try:
                return self.call(function, **arguments)
            except LostAnswerError:
                time.sleep(pause)
        return self.call(function, **arguments)

    def call(self, function: str, **arguments: Any) -> Any:
        """Call a function once. Raises MoodleError."""
        about = {"wstoken": self._token, "wsfunction": function, "moodlewsrestformat": "json"}
        form = about | dict(flattened(arguments))
        status, content = self._post("/webservice/rest/server.php", form, limit=MAX_ANSWER_BYTES)
        return self._understood(function, status, content)

    def upload(self, name: str, content: bytes, draft: int = 0) -> int:
        """Upload a file to a draft area, 0: a new one; returns the area's number."""
        form = {"token": self._token, "filearea": "draft", "itemid": str(draft), "filepath": "/"}
        files = {"file_1": (name, content, "text/html")}
        path = "/webservice/upload.php"
        found = self._understood(path, *self._post(path, form, files=files))
        with expected(path):
            if not found[0].get("error"):
                return int(found[0]["itemid"])
            reason = self._quoted(found[0]["error"])
        raise RejectedError(messages.REJECTED.format(call=path, reason=reason), "upload")

    def download(self, address: str) -> bytes:
        """A file's content, at most a byte more than is accepted. Raises MoodleError."""
        path = address.removeprefix(self.site)
        if path == address or not re.match(r"/webservice/pluginfile\.php[/?]", path):
            raise RejectedError(messages.ELSEWHERE.format(site=self.site), "elsewhere")
        pauses = iter(RETRY_AFTER_S)
        while True:
            try:
                status, content = self._post(path, {"token": self._token})
            except LostAnswerError:
                if (pause := next(pauses, None)) is None:
                    raise
            else:
                if status < 500 or (pause := next(pauses, None)) is None:
                    break
            time.sleep(pause)
        about = _error_object(content)
        if status != 200 or about:
            reason = self._quoted(about.get("error") or f"HTTP {status}")
            told = messages.REJECTED.format(call="pluginfile.php", reason=reason)
            raise RejectedError(told, str(about.get("errorcode", status)))
        return content

    def _post(
        self, path: str, form: Mapping[str, str], *, limit: int = reader.MAX_BYTES + 1, **more: Any
    ) -> tuple[int, bytes]:
        """Send a form; the status, and at most `limit` bytes of the answer."""
        end = time.monotonic() + MAX_SECONDS
        timeout = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
        sending: dict[str, Any] = {"timeout": timeout, "stream": True, "allow_redirects": False}
        content = bytearray()
        try:
            with self._session.post(self.site + path, data=form, **sending, **more) as answer:
                for chunk in answer.iter_content(1 << 16):
                    content += chunk
                    if len(content) >= limit:
                        break
                    if time.monotonic() > end:
                        raise errors.Timeout
        # errors name addresses and hold the form with the token: only their kind is told
        except errors.SSLError:
            raise MoodleError(messages.NO_CERTIFICATE.format(site=self.site)) from None
        except errors.Timeout:
            raise LostAnswerError(messages.NO_ANSWER.format(site=self.site)) from None
        except errors.RequestException as error:
            about = {"site": self.site, "reason": type(error).__name__}
            raise LostAnswerError(messages.NO_CONNECTION.format(**about)) from None
        if answer.is_redirect:
            raise MoodleError(messages.MOVED.format(site=self.site))
        return answer.status_code, bytes(content[:limit])

    def _understood(self, call: str, status: int, content: bytes) -> Any:
        """The answer as data. Raises RejectedError for an error, LostAnswerError for nonsense."""
        about = _error_object(content)
        if about:
            code = self._quoted(about["errorcode"])
            reason = f"{self._quoted(about.get('message') or about.get('error'))} ({code})"
            raise RejectedError(messages.REJECTED.format(call=call, reason=reason), code)
        try:
            if status == 200:
                return json.loads(content)
        except (ValueError, RecursionError):
            pass
        raise LostAnswerError(messages.HTTP_STATUS.format(call=call, status=status))

    def _quoted(self, said: object) -> str:
        """Words of Moodle's, short and without the token."""
        return shortened(clean(str(said)).replace(self._token, "…"))


@contextmanager
def expected(call: str) -> Iterator[None]:
    """Raise LostAnswerError where an answer does not have the form that the block reads."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError):
        raise LostAnswerError(messages.STRANGE.format(call=call)) from None


def flattened(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Nested arguments as PHP reads them from a form: `grades[0][userid]`."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from flattened(each, f"{name}[{key}]" if name else key)
    elif isinstance(value, list):
        for i, each in enumerate(value):
            yield from flattened(each, f"{name}[{i}]")
    else:
        yield name, str(int(value) if isinstance(value, bool) else value)


def _error_object(content: bytes) -> dict[str, Any]:
    """The error in an answer; {}: there is none. A notebook with such names is no error."""
    if len(content) > 1 << 20:
        return {}
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or "cells" in found:
        return {}
    return found if "errorcode" in found and {"exception", "error"} & found.keys() else {}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
