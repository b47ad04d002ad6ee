"""A Moodle on loopback: the web services that an import and an export call, with their errors.

It answers as Moodle's code does (see autograder/lms/moodle_client.py and moodle_api.py for where):
errors with status 200, an empty list where nobody may grade, a draft area in place of all files.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlsplit

TOKEN = "3f9a1c7702e84b55a6d0e1b2c3d4e5f6"
COURSE, TASK, MODULE = 7, 31, 512


class FailureError(Exception):
    """An error that Moodle words: exception class, code, message."""


class MoodleServer:
    """One assignment in one course; `faults` and `watch` are for tests."""

    def __init__(self, maximum: int = 54, team: bool = False) -> None:
        self.people: dict[int, dict[str, Any]] = {}
        self.rows: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.grades: dict[tuple[int, int], dict[str, Any]] = {}  # by user and attempt
        self.effective: list[tuple[int, float]] = []  # each grade that was stored
        self.feedback: dict[int, tuple[str, dict[str, bytes]]] = {}
        self.workflow: list[str] = []
        self.calls: list[str] = []
        self.addresses: list[str] = []
        self.drafts: dict[int, dict[str, bytes]] = {}
        self.faults: dict[str, list[str]] = {}  # by call: what goes wrong, once each
        self.watch: Callable[[str], None] = lambda event: None
        self.old_paths = False  # as Moodle before 3.1 names files
        self.may_grade, self.file_feedback, self.markingworkflow = True, True, False
        self.maximum, self.team = maximum, team
        self.site, self._lock = "", Lock()

    @property
    def address(self) -> str:
        return f"{self.site}/mod/assign/view.php?id={MODULE}"

    # --- what a school has ------------------------------------------------------------------------

    def enrol(self, user: int, name: str, group: int = 0) -> None:
        about = {"fullname": name, "email": f"m{user}@schule.example"}
        self.people[user] = about | ({"groupid": group} if self.team else {})

    def submit(
        self,
        user: int,
        files: dict[str, bytes],
        when: int = 1_795_000_000,
        *,
        attempt: int = 0,
        group: int = 0,
        status: str = "submitted",
        text: str = "",
    ) -> None:
        """Take a submission, in place of an earlier one."""
        place = {"userid": user, "groupid": group}
        self.rows = [row for row in self.rows if place != {k: row[k] for k in place}]
        number = len(self.files)
        listed = []
        for name, content in files.items():
            url = f"/webservice/pluginfile.php/99/assignsubmission_file/{number}{quote(name)}"
            self.files[unquote(url)] = content
            folder, _, last = name.rpartition("/")
            about = {"filepath": name} if self.old_paths else {"filepath": folder + "/"}
            if not self.old_paths:
                about |= {"filename": last, "filesize": len(content), "timemodified": when - 60}
            listed.append(about | {"fileurl": self.site + url})
        area = {"area": "submission_files"} | ({"files": listed} if listed else {})
        plugins: list[dict[str, Any]] = [{"type": "file", "name": "Dateien", "fileareas": [area]}]
        field = {"name": "onlinetext", "description": "", "text": text, "format": 1}
        plugins.append({"type": "onlinetext", "name": "Text", "editorfields": [field]})
        times = {"timecreated": when, "timemodified": when}
        about = {"id": number, **place, **times, "status": status, "attemptnumber": attempt}
        self.rows.append(about | {"plugins": plugins})

    def grade_by_hand(self, user: int, grade: float, attempt: int = 0) -> None:
        """A teacher's grade, entered in Moodle, ten seconds later than all others."""
        self._store(user, attempt, grade, int(time.time()) + 10)

    def _store(self, user: int, attempt: int, grade: float, now: int) -> None:
        new = {"id": len(self.grades) + 1, "timecreated": now}
        kept = self.grades.setdefault((user, attempt), new)
        kept |= {"userid": user, "attemptnumber": attempt, "grader": 2}
        kept |= {"grade": f"{grade:.5f}", "timemodified": now}

    # --- the functions ----------------------------------------------------------------------------

    def core_webservice_get_site_info(self) -> Any:
        return {"sitename": "Schule", "fullname": "Frau Lehrerin", "userid": 2}

    def mod_assign_get_assignments(self) -> Any:
        config = {"subtype": "assignfeedback", "plugin": "file", "name": "enabled"}
        task = {
            "id": TASK,
            "cmid": MODULE,
            "course": COURSE,
            "name": "GPT-2 für alle",
            "grade": self.maximum,
            "teamsubmission": int(self.team),
            "markingworkflow": int(self.markingworkflow),
            "configs": [{**config, "value": str(int(self.file_feedback))}],
        }
        other = task | {"id": TASK + 1, "cmid": MODULE + 1, "name": "Eine andere"}
        return {"courses": [{"id": COURSE, "assignments": [other, task]}], "warnings": []}

    def mod_assign_list_participants(self, assignid: str, groupid: str, filter: str) -> Any:  # noqa: A002
        handed = {row["userid"] for row in self.rows if row["status"] == "submitted"}
        return [{"id": u, "submitted": u in handed, **about} for u, about in self.people.items()]

    def mod_assign_get_submissions(self, assignmentids: list[str]) -> Any:
        if not self.may_grade:
            warning = {"item": "assignment", "itemid": TASK, "warningcode": "1", "message": "No"}
            return {"assignments": [], "warnings": [warning]}
        mine = self.rows if assignmentids == [str(TASK)] else []
        found = [{"assignmentid": int(assignmentids[0]), "submissions": mine}]
        return {"assignments": found, "warnings": []}

    def mod_assign_get_grades(self, assignmentids: list[str]) -> Any:
        latest = {row["userid"]: row["attemptnumber"] for row in self.rows}
        mine = [row for (user, attempt), row in self.grades.items() if latest.get(user) == attempt]
        assignments = [{"assignmentid": int(assignmentids[0]), "grades": mine}] if mine else []
        return {"assignments": assignments, "warnings": []}

    def mod_assign_save_grades(
        self, assignmentid: str, applytoall: str, grades: list[dict[str, Any]]
    ) -> Any:
        for each in grades:
            user, attempt = int(each["userid"]), int(each["attemptnumber"])
            if user not in self.people:
                raise FailureError("moodle_exception", "usernotincourse", "not a participant")
            plugins = each["plugindata"]
            files = self.drafts.get(int(plugins["files_filemanager"]), {})
            self.feedback[user] = plugins["assignfeedbackcomments_editor"]["text"], files
            self.workflow.append(each["workflowstate"])
            self._store(user, attempt, float(each["grade"]), int(time.time()))
            self.effective.append((user, float(each["grade"])))
        return None

    def answer(self, handler: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        """The answer to a request; faults come before it (`500`) or after it (`lost`)."""
        url = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers["Content-Length"] or 0))
        kind = handler.headers["Content-Type"] or ""
        form, files = _form(kind, body)
        form |= {name: values[0] for name, values in parse_qs(url.query).items()}
        call = form.pop("wsfunction", url.path.split("/")[2])
        with self._lock:
            self.addresses.append(handler.path)
            self.calls.append(call)
            self.watch(f"{call} asked")
            fault = self.faults[call].pop(0) if self.faults.get(call) else ""
            if fault in ("500", "404", "302"):
                return int(fault), b"<html>Server error</html>"
            if fault.startswith("code "):
                code = fault.removeprefix("code ")
                return 200, _error(FailureError("moodle_exception", code, f"No. {form}"))
            if fault:
                time.sleep(float(fault)) if fault[0].isdigit() else None
            try:
                answer = self._served(unquote(url.path), call, form, files)
            except FailureError as failure:
                answer = _error(failure, "message" if "server.php" in url.path else "error")
            self.watch(f"{call} done")
            if fault == "short":
                return 200, answer[:-5]
            return (500, b"") if fault == "lost" else (200, answer)

    def _served(self, path: str, call: str, form: dict[str, Any], files: dict[str, bytes]) -> bytes:
        if form.pop("wstoken", None) != TOKEN and form.pop("token", None) != TOKEN:
            raise FailureError(
                "core\\exception\\moodle_exception", "invalidtoken", "Ungültiges Token"
            )
        if path.startswith("/webservice/pluginfile.php/"):
            if path not in self.files:
                raise FailureError("moodle_exception", "filenotfound", "Datei nicht gefunden")
            return self.files[path]
        if path == "/webservice/upload.php":
            assert form["filearea"] == "draft"
            draft = int(form["itemid"]) or 880_000 + len(self.drafts)
            self.drafts.setdefault(draft, {}).update(files)
            return json.dumps([{"itemid": draft, "filename": name} for name in files]).encode()
        assert form.pop("moodlewsrestformat") == "json"
        function = getattr(self, call, None)
        if function is None:
            raise FailureError("webservice_access_exception", "accessexception", "Access control")
        return json.dumps(function(**_nested(form))).encode()


def _error(failure: FailureError, field: str = "message") -> bytes:
    kind, code, message = failure.args
    return json.dumps({"exception": kind, "errorcode": code, field: message}).encode()


def _form(kind: str, body: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    if not kind.startswith("multipart/"):
        return dict(parse_qsl(body.decode(), keep_blank_values=True)), {}
    parts = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    fields, files = {}, {}
    for part in parts.get_payload():
        about = dict(part.get_params(header="content-disposition"))
        content = part.get_payload(decode=True)
        if "filename" in about:
            files[about["filename"]] = content
        else:
            fields[about["name"]] = content.decode()
    return fields, files


def _nested(form: dict[str, str]) -> dict[str, Any]:
    """PHP's reading of `grades[0][userid]`."""
    found: dict[str, Any] = {}
    for name, value in form.items():
        keys, here = re.findall(r"[^\[\]]+", name), found
        for key in keys[:-1]:
            here = here.setdefault(key, {})
        here[keys[-1]] = value
    return {name: _listed(value) for name, value in found.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    items = {key: _listed(each) for key, each in value.items()}
    return list(items.values()) if "0" in items else items


@contextmanager
def serving(server: MoodleServer) -> Iterator[MoodleServer]:
    """Run the Moodle on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, content = server.answer(self)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "https://elsewhere.example/")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that was killed

    with Quiet(("127.0.0.1", 0), Handler) as http:
        server.site = f"http://127.0.0.1:{http.server_port}"
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
