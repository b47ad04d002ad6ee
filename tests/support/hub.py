"""A Hugging Face hub on 127.0.0.1: the protocol by which its client fetches files, and troubles.

Only what `hf_hub_download` asks for: HEAD and GET of `/{repository}/resolve/{revision}/{file}`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "607a30d783dfa663caf39e06633721c8d4cfcd7e"


@dataclass
class Repository:
    """Its files, and what happens to whoever asks for them."""

    files: dict[str, bytes]
    status: int = 200  # the answer to every request
    code: str = ""  # the hub's own name for that status, X-Error-Code
    breaks: list[int] = field(default_factory=list)  # a GET of the weights ends after these bytes
    stalls: list[int] = field(default_factory=list)  # ... goes silent after these bytes
    sent: dict[str, bytes] = field(default_factory=dict)  # instead of the files whose hash is said


@dataclass
class Hub:
    """The files of the server, and the requests to it."""

    repositories: dict[str, Repository]
    address: str = ""
    asked: list[tuple[str, str, str, str]] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)  # set: the server goes home

    def of(self, repository: str) -> list[tuple[str, str, str]]:
        """(method, file, range) of the requests for this repository."""
        return [(m, f, r) for m, name, f, r in self.asked if name == repository]


@contextmanager
def serve(repositories: dict[str, Repository]) -> Iterator[Hub]:
    hub = Hub(repositories)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            _answer(self, hub, "HEAD")

        def do_GET(self) -> None:
            _answer(self, hub, "GET")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield hub
    finally:
        hub.open.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(request: BaseHTTPRequestHandler, hub: Hub, method: str) -> None:
    path, _, rest = request.path.lstrip("/").partition("/resolve/")
    revision, _, file = rest.partition("/")
    wanted = request.headers.get("Range", "")
    hub.asked.append((method, path, file, wanted))
    repository = hub.repositories.get(path)
    if repository is None:
        return _refuse(request, 404, "RepoNotFound")
    if repository.status != 200:
        return _refuse(request, repository.status, repository.code)
    if revision not in (COMMIT, "main"):
        return _refuse(request, 404, "RevisionNotFound")
    if file not in repository.files:
        return _refuse(request, 404, "EntryNotFound")

    told = repository.files[file]
    content = repository.sent.get(file, told)
    start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0
    request.send_response(206 if wanted else 200)
    if wanted:
        request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    etag = f'"{hashlib.sha256(told).hexdigest()}"'
    for key, value in (
        ("ETag", etag),
        ("X-Linked-Etag", etag),
        ("X-Linked-Size", str(len(told))),
        ("X-Repo-Commit", COMMIT),
        ("Accept-Ranges", "bytes"),
        ("Content-Length", str(len(content) - start)),
    ):
        request.send_header(key, value)
    request.end_headers()
    if method == "GET":
        _send(request, hub, repository, file, content[start:])
    return None


def _send(
    request: BaseHTTPRequestHandler, hub: Hub, repository: Repository, file: str, content: bytes
) -> None:
    weights = file == "model.safetensors"
    if weights and repository.breaks:
        request.wfile.write(content[: repository.breaks.pop(0)])
        request.close_connection = True
    elif weights and repository.stalls:
        request.wfile.write(content[: repository.stalls.pop(0)])
        request.wfile.flush()
        hub.open.wait(30)
        request.close_connection = True
    else:
        request.wfile.write(content)


def _refuse(request: BaseHTTPRequestHandler, status: int, code: str) -> None:
    request.send_response(status)
    request.send_header("X-Error-Code", code)
    request.send_header("X-Repo-Commit", COMMIT)
    request.send_header("Content-Length", "0")
    request.end_headers()
