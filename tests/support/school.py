"""A class of a learning management system: thirty people, and archives of their submissions."""

from __future__ import annotations

import atexit
import io
import json
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from sqlalchemy.exc import SAWarning

from autograder.course import release
from autograder.course.gradebook import Course
from autograder.course.new_course import CONFIG
from support.notebooks import ROOT

ASSIGNMENT, NAME = "a7_2", "A7_2.ipynb"
FIRST = ("Ümit", "Zoë", "Jörg", "Anna Lena", "Björn", "Łukasz", "Thị", "José", "Мария", "Max")
LAST = ("Öztürk", "Groß", "Müller")
# (number in Moodle, full name): two are called the same
PEOPLE = [(str(4700 + i), f"{FIRST[i % 10]} {LAST[i // 10]}") for i in range(29)]
PEOPLE.append(("4799", PEOPLE[0][1]))


@cache
def _registered() -> Path:
    """A course with the assignment in its gradebook, which takes nbgrader seconds to make."""
    folder = Path(tempfile.mkdtemp(prefix="kischule-school-"))
    atexit.register(shutil.rmtree, folder)
    shutil.copytree(ROOT / "source" / ASSIGNMENT, folder / "source" / ASSIGNMENT)
    (folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    release.registered(folder, ASSIGNMENT)
    return folder


def course(folder: Path) -> Path:
    """A course with the assignment, nothing submitted."""
    return Path(shutil.copytree(_registered(), folder))


def notebook(text: str) -> bytes:
    """A submission with this text; another text makes another submission."""
    cell = {"cell_type": "markdown", "metadata": {}, "source": text}
    return json.dumps(
        {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    ).encode()


Files = Iterable[tuple[str, bytes, tuple[int, int, int, int, int, int]]]
WHEN = (2026, 11, 20, 18, 30, 0)


def zipped(path: Path, files: Files) -> Path:
    """Write a zip file; files: name, content, local time."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content, when in files:
            file.writestr(zipfile.ZipInfo(name, when), content)
    return path


def listing(content: bytes | Path) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content) if isinstance(content, bytes) else content) as file:
        return {name: file.read(name) for name in file.namelist()}


def grade(folder: Path, points: Mapping[str, float]) -> None:
    """Enter these points, as if the submissions had been graded; observations wait."""
    with Course(folder)._gradebook() as book, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's order of adding objects
        for student, wanted in points.items():
            book.update_or_create_student(student)
            book.update_or_create_submission(ASSIGNMENT, student)
            grades = book.find_submission_notebook("A7_2", ASSIGNMENT, student).grades
            for each in sorted(grades, key=lambda g: g.name):
                each.needs_manual_grade = each.name.startswith("observation")
                if each.needs_manual_grade:
                    continue
                given = min(wanted, each.max_score)
                each.auto_score, wanted = given, wanted - given
            assert wanted == 0
        book.db.commit()


def pages(folder: Path, students: Iterable[str]) -> None:
    """Write feedback pages, each with its student's name."""
    for student in students:
        page = folder / "feedback" / student / ASSIGNMENT / "A7_2.html"
        page.parent.mkdir(parents=True)
        page.write_text(student, encoding="utf-8")
