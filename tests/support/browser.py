"""A real browser, and a real Jupyter server for it to talk to.

    with chromium() as browser, page_at(browser, 1280) as page:
        page.goto(path.as_uri())
        assert violations(page) == []

chromium() -> Browser: the system's Chromium, headless. Where there is none, or no playwright, the
    test that asks for it is skipped. One at a time: within it an event loop runs in this thread,
    so `asyncio.run` is refused until it is closed.
page_at(browser, width, height=900, outside=None) -> Page: a page of its own, without cookies of
    another. It reaches files and this machine, and nothing else; what it asked for elsewhere is
    appended to the list `outside`.
violations(page) -> list[str]: axe's serious or critical findings, a line for each element.
jupyter_lab(course, home) -> Server: `jupyter lab` in a course's folder, with its own settings.
log_in(page, server, path): through the login form, to a page of the server.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TIMEOUT_S = 90.0  # seconds for anything that a page shows at last
HERE = "127.0.0.1"


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium; skips where there is none."""
    for package in ("playwright", "axe_playwright_python"):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install 'kischule[browser]'")
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip(f"none of these is installed: {', '.join(PROGRAMS)}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=list(ARGUMENTS), timeout=TIMEOUT_S * 1000
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def page_at(
    browser: Browser, width: int, height: int = 900, outside: list[str] | None = None
) -> Iterator[Page]:
    """A page of this size in CSS pixels; outside: gets the addresses that it did not reach."""

    def refuse(route: Route) -> None:
        if outside is not None:
            outside.append(route.request.url)
        route.abort()

    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(TIMEOUT_S * 1000)
    context.route(_is_elsewhere, refuse)
    try:
        yield context.new_page()
    finally:
        context.close()


def _is_elsewhere(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != HERE


def violations(page: Page) -> list[str]:
    """Serious and critical findings: `rule (impact): its demand: element`."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: {' '.join(node['html'].split())}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


@dataclass(frozen=True)
class Server:
    """A Jupyter server that runs."""

    url: str  # without a slash at its end
    token: str
    log: Path


@contextmanager
def jupyter_lab(course: Path, home: Path) -> Iterator[Server]:
    """`jupyter lab` as a teacher starts it in the course's folder, and its end.

    home: an empty folder in place of the user's, so that no settings of this machine count, and
    none are written.
    """
    server = Server(f"http://{HERE}:{_free_port()}", secrets.token_hex(16), home / "jupyter.log")
    binaries = Path(sys.executable).parent
    command = [str(binaries / "jupyter"), "lab", "--no-browser", "--allow-root", f"--ip={HERE}"]
    command += [f"--port={urlsplit(server.url).port}", "--ServerApp.port_retries=0"]
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=course,
            env={**os.environ, **_settings(home, binaries), "JUPYTER_TOKEN": server.token},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(server, process)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(TIMEOUT_S)
            finally:
                process.kill()


def _settings(home: Path, binaries: Path) -> dict[str, str]:
    folders = {f"JUPYTER_{n}_DIR": str(home / n.lower()) for n in ("CONFIG", "DATA", "RUNTIME")}
    path = f"{binaries}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**folders, "HOME": str(home), "IPYTHONDIR": str(home / "ipython"), "PATH": path}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def _wait_for(server: Server, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{server.url}/api", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"jupyter lab does not answer:\n{server.log.read_text()[-3000:]}")


def log_in(page: Page, server: Server, path: str) -> None:
    """To this page of the server by way of the form that asks for the token."""
    page.goto(server.url + path)
    page.locator("#password_input").fill(server.token)
    page.locator("#login_submit").click()
    page.wait_for_url(lambda url: "/login" not in url)
