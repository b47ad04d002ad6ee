"""Nothing leaves the machine: all connections of a whole run, as the kernel sees them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from support import school
from support.notebooks import RELEASE, filled, reference_cells, short
from support.school import ASSIGNMENT, NAME

ADDRESS = re.compile(r"sa_family=(AF_\w+)(?:.*?inet_(?:addr|pton)\((?:AF_INET6, )?\"([^\"]+)\")?")
HERE = re.compile(r"127\.|::1$|::ffff:127\.")
RUN = """
import sys
from autograder.cli import main
course, archive = sys.argv[1:]
for line in ("import folder {} a7_2", "grade a7_2 --quiet", "feedback a7_2", "report a7_2",
             "export csv a7_2 {}.csv", "check {}/zoe/A7_2.ipynb", "forget --student zoe --yes"):
    words = [word.replace("{}", archive) for word in line.split()]
    status = main(words if words[0] == "check" else [*words, "--course", course])
    assert status in (0, 1), (line, status)
"""


def outward(trace: str) -> list[str]:
    """The lines of strace's with an address that is neither loopback nor a socket's path."""
    found = []
    for line in trace.splitlines():
        for family, address in ADDRESS.findall(line):
            if family in ("AF_INET", "AF_INET6") and not HERE.match(address):
                found.append(line)
    return found


def test_a_line_that_leads_outside_is_seen() -> None:
    line = 'connect(5, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("%s")}, 16) = 0'
    six = (
        'sendto(3, "x", 1, 0, {sa_family=AF_INET6, inet_pton(AF_INET6, "%s", &sin6_addr)}, 28) = 1'
    )
    for there in (line % "192.0.2.1", line % "0.0.0.0", six % "2001:db8::1"):
        assert outward(there) == [there]
    inside = [
        line % "127.0.0.1",
        six % "::1",
        'connect(3, {sa_family=AF_UNIX, sun_path="/x"}, 9) = 0',
    ]
    assert outward("\n".join(inside)) == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_connection_leads_outside(tmp_path: Path) -> None:
    course = school.course(tmp_path / "course")
    archive = tmp_path / "class"
    for student, cells in (("zoe", dict(reference_cells())), ("max", {})):
        (archive / student).mkdir(parents=True)
        nbformat.write(short(filled(RELEASE, cells)), archive / student / NAME)
    traced = ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg"]
    log = tmp_path / "trace"
    command = [*traced, "-o", str(log), sys.executable, "-c", RUN, str(course), str(archive)]
    offline = {n: v for n, v in os.environ.items() if "OFFLINE" not in n}  # not by a setting
    done = subprocess.run(command, capture_output=True, text=True, env=offline)
    assert done.returncode == 0, done.stderr
    trace = log.read_text(errors="replace")
    assert outward(trace) == []
    assert trace.count("AF_UNIX") + trace.count("AF_INET") > 5  # it did see connections
    assert f"reports/{ASSIGNMENT}.html" in done.stdout
