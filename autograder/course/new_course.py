"""A new course folder: the package's assignments, nbgrader's configuration, and what to do next."""

import shutil
from pathlib import Path

from autograder.course import messages
from autograder.errors import UserError
from autograder.files import packaged, write_atomically
from kischule.i18n import Text

CONFIG = """from autograder.course import configure

configure(get_config())
"""
SPEAKS = """
c = get_config()
c.Kischule.language = "{language}"  # of the command: de or en
# c.Kischule.address = "du"  # in what students read in German; then `kischule release a7_2`
"""
IGNORED = """# data of students: never in a repository
/submitted/
/autograded/
/feedback/
/reports/
/gradebook.db
/.kischule/
.nbgrader.log
.ipynb_checkpoints/
"""
README = Text(
    """# Ein Kurs mit kischule

1. Das Notebook austeilen: `release/a7_2/A7_2.ipynb`. In Moodle: eine Datei, Bestwertung 54.
2. Nach der Abgabe *Alle Abgaben herunterladen* und *Bewertungstabelle herunterladen*, dann
   `kischule import moodle ABGABEN.zip a7_2`.
3. Bewerten: `kischule grade a7_2`.
4. Die Beobachtungen lesen und Punkte geben: `jupyter lab`, dort *Nbgrader → Formgrader*.
5. Seiten für die Klasse und für Sie: `kischule feedback a7_2`, `kischule report a7_2`.
6. Zurück nach Moodle: `kischule export moodle a7_2 zurueck`.

Ändern Sie Aufgaben in `source/`, danach `kischule release a7_2`. Die
Anleitung steht im Projekt unter docs/lehrkraft.md.
""",
    """# A course with kischule

1. Hand out the notebook: `release/a7_2/A7_2.ipynb`. In Moodle: one file each, maximum grade 54.
2. After the deadline *Download all submissions* and *Download grading worksheet*, then
   `kischule import moodle SUBMISSIONS.zip a7_2`.
3. Grade: `kischule grade a7_2`.
4. Read the observations and give points: `jupyter lab`, there *Nbgrader → Formgrader*.
5. Pages for the class and for you: `kischule feedback a7_2`, `kischule report a7_2`.
6. Back to Moodle: `kischule export moodle a7_2 back`.

Change exercises in `source/`, then run `kischule release a7_2`. The guide is
docs/teacher.md of the project.
""",
)


class FolderNotEmptyError(UserError, ValueError):
    """A folder for a new course that holds something already."""


def new_course(folder: Path, language: str = "de") -> list[Path]:
    """Make a course in an empty or new folder; returns what is in it. FolderNotEmptyError."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise FolderNotEmptyError(messages.NOT_EMPTY.format(folder=folder))
    for part in ("source", "release"):
        shutil.copytree(packaged(part), folder / part)
    for name, text in (
        ("nbgrader_config.py", CONFIG + SPEAKS.format(language=language)),
        (".gitignore", IGNORED),
        ("README.md", README[language]),
    ):
        write_atomically(folder / name, text.encode())
    return sorted(folder.iterdir())
