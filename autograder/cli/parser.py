"""The command's arguments, and the help for each."""

import argparse
from pathlib import Path
from typing import Any

from autograder.grading.settings import add_options
from kischule.i18n import LANGUAGES

# commands whose --language is that of their words; elsewhere it is that of what they make, and that
# of their words stands before the command's name
SPEAKING = (
    *("demo", "verify", "grade", "adjust", "observations", "import", "export", "models"),
    *("selftest", "doctor"),
)
TEACHER = "teacher"  # commands that need nbgrader


def parser() -> argparse.ArgumentParser:
    """Build the parser; parsed options name the module and the function of their command."""
    top = argparse.ArgumentParser(
        prog="kischule", description="GPT-2 exercises: release, check, grade."
    )
    about = "language of the command's own words (default: the course's, else the system's)"
    spoken: dict[str, Any] = {"dest": "spoken", "choices": LANGUAGES, "help": about}
    top.add_argument("--language", **spoken)
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, where: str, about: str, needs: str = TEACHER) -> argparse.ArgumentParser:
        """where: module.function under autograder.cli."""
        sub = commands.add_parser(name, help=about, description=about)
        module, _, function = where.partition(".")
        sub.set_defaults(module=module, function=function, needs=needs)
        return sub

    demo = command("demo", "demo.run", "Run a whole course in a temporary folder.")
    demo.add_argument("--keep", type=Path, metavar="DIR", help="make the course there and keep it")
    about = "Make an assignment, an exercise in one, or a course (`new course DIR`), to edit."
    _new_options(command("new", "new.run", about))
    _release_options(command("release", "release.run", "Make the student release from the source."))
    _verify_options(
        command("verify", "verify.run", "Try the checks on known wrong and correct solutions.")
    )
    _grade_options(command("grade", "grade.run", "Grade the submissions of an assignment."))
    _adjust_options(
        command("adjust", "adjust.run", "Adjust points after grading, extend a due date.")
    )
    _observations_options(
        command("observations", "observations.run", "Grade answers in words, on a local page.")
    )
    _feedback_options(
        command("feedback", "pages.feedback", "Make a feedback page for each student.")
    )
    _report_options(command("report", "pages.report", "Make the class page."))
    _import_options(
        command("import", "lms.import_", "Import submissions from a learning management system.")
    )
    _export_options(command("export", "lms.export", "Export grades and feedback to such a system."))
    _forget_options(
        command("forget", "forget.run", "Delete students' personal data from the whole course.")
    )
    about = "Say what works here: sandboxes, packages, models, the course."
    _course(command("doctor", "doctor.run", about, needs=""))
    _check_options(
        command("check", "check.run", "Check a notebook before submitting it.", needs="")
    )
    command("models", "models.run", "List the models that can be loaded, and where.", needs="")
    _selftest_options(
        command("selftest", "models.selftest", "Compare a model with its published outputs.", "")
    )
    for name in SPEAKING:
        commands.choices[name].add_argument("--language", **spoken, default=argparse.SUPPRESS)
    return top


def _course(sub: argparse.ArgumentParser) -> None:
    about = "the course folder (default: the current folder)"
    sub.add_argument("--course", type=Path, default=Path(), metavar="DIR", help=about)


def _language(sub: argparse.ArgumentParser, about: str = "language of the page") -> None:
    sub.add_argument("--language", choices=LANGUAGES, default="de", help=f"{about} (default: de)")


def _students(sub: argparse.ArgumentParser) -> None:
    about = "only this student (repeatable)"
    sub.add_argument("--student", action="append", default=[], metavar="S", help=about)


def _json(sub: argparse._ActionsContainer) -> None:
    sub.add_argument("--json", metavar="F", help="write the results as JSON (-: to stdout)")


def _new_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "assignment", metavar="A", help="a new one, the one that gets the exercise, or `course`"
    )
    sub.add_argument(
        "name", nargs="?", metavar="EXERCISE|DIR", help="its function's name; the course's folder"
    )
    about = "the function's parameters, such as 'logits, bias' (default: logits)"
    sub.add_argument("--signature", metavar="NAMES", help=about)
    _language(sub, "language of a course's README")
    _course(sub)


def _release_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("assignment")
    _language(sub, "edition: en is source/ASSIGNMENT_en")
    sub.add_argument(
        "--check",
        action="store_true",
        help="only report whether the release is up to date, and which exercises changed since",
    )
    sub.add_argument(
        "--yes",
        action="store_true",
        help="change the gradebook of graded submissions without asking",
    )
    _course(sub)


def _verify_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("assignment")
    sub.add_argument("exercises", nargs="*", metavar="EXERCISE", help="only these (default: all)")
    add_options(sub, "model")
    _json(sub)
    _course(sub)


def _grade_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("assignment")
    _students(sub)
    sub.add_argument(
        "--jobs", type=_jobs, metavar="N", help="submissions at a time (default: one per core)"
    )
    sub.add_argument(
        "--engine",
        choices=("local", "dask"),
        default="local",
        help="where to grade: this machine or a Dask cluster (default: local)",
    )
    sub.add_argument(
        "--scheduler",
        metavar="ADDR",
        help="address of the Dask scheduler (default: a cluster on this machine)",
    )
    add_options(sub)
    sub.add_argument(
        "--seed-file",
        type=Path,
        metavar="F",
        help="secret of the hidden cases (default: the course's own)",
    )
    sub.add_argument(
        "--force", action="store_true", help="regrade submissions that already have a record"
    )
    _json(sub)
    sub.add_argument("--junit", metavar="F", help="write the results as JUnit XML")
    sub.add_argument(
        "--markdown", metavar="F", help="append the table as Markdown (for $GITHUB_STEP_SUMMARY)"
    )
    sub.add_argument("--quiet", action="store_true", help="print neither progress nor table")
    sub.add_argument("--verbose", action="store_true", help="print all flags below the table")
    _course(sub)


def _adjust_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("assignment")
    for option, name, about in (
        ("--drop", "EXERCISE", "take an exercise out of everybody's points and the maximum"),
        ("--give", "EXERCISE", "give everybody all points of an exercise"),
        ("--withdraw", "STUDENT", "leave a student's submission out of tables and exports"),
        ("--extend", "STUDENT", "extend a student's due date, by --hours"),
        ("--undo", "NAME", "take back what is in force for an exercise or a student"),
    ):
        sub.add_argument(
            option, action="append", default=[], metavar=name, help=f"{about} (repeatable)"
        )
    sub.add_argument("--hours", type=float, metavar="H", help="of the extension")
    about = "kept in the log; students read it on their pages if it is about an exercise"
    sub.add_argument("--reason", metavar="TEXT", help=about)
    _course(sub)


def _observations_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("assignment")
    about = "keep these marks apart, beside those of others (default: enter them as points)"
    sub.add_argument("--grader", metavar="NAME", help=about)
    sub.add_argument("--names", action="store_true", help="show names in place of numbers")
    _course(sub)


def _feedback_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("assignment")
    _students(sub)
    about = "language of the page (default: the course's FeedbackPage.language, else de)"
    sub.add_argument("--language", choices=LANGUAGES, help=about)
    _course(sub)


def _report_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("assignment")
    _language(sub)
    sub.add_argument("--output", type=Path, metavar="F", help="default: reports/ASSIGNMENT.html")
    _course(sub)


def _import_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("system", choices=("moodle", "moodle-api", "ilias", "folder", "roster"))
    about = (
        "the system's zip file, or a folder; roster: a table of names; moodle-api: the address of "
        "the assignment (token: environment variable KISCHULE_MOODLE_TOKEN)"
    )
    sub.add_argument("file", help=about)
    sub.add_argument("assignment")
    sub.add_argument("--table", type=Path, metavar="F", help="moodle: the grading worksheet")
    sub.add_argument(
        "--pattern",
        metavar="RE",
        help="folder: finds the student in a path, by the group (?P<student>…)",
    )
    sub.add_argument(
        "--prefer",
        action="append",
        metavar="NAME",
        help="of several notebooks of a student take the one with this in its path (repeatable; "
        "default: the newest)",
    )
    sub.add_argument(
        "--pseudonyms",
        nargs="?",
        const="",
        metavar="F",
        help="from the first import on: names are in a key file F alone "
        "(default: .kischule/pseudonyms.json)",
    )
    _course(sub)


def _export_options(sub: argparse.ArgumentParser) -> None:
    systems = ("moodle", "moodle-api", "ilias", "canvas", "gradescope", "classroom50", "csv")
    sub.add_argument("system", choices=systems)
    sub.add_argument("assignment")
    about = "moodle, ilias: a folder; moodle-api: the assignment's address; otherwise a file"
    sub.add_argument("out", help=about)
    sub.add_argument(
        "--table",
        type=Path,
        metavar="F",
        help="Moodle's worksheet or Canvas's gradebook, to fill in; "
        "classroom50: the folder of gh teacher download",
    )
    sub.add_argument(
        "--scale",
        action="store_true",
        help="moodle, moodle-api: to Moodle's maximum",
    )
    sub.add_argument(
        "--pass-mark", type=float, metavar="PERCENT", help="ilias: of the points (default: 50)"
    )
    sub.add_argument(
        "--seed-file", type=Path, metavar="F", help="gradescope: secret of the hidden cases"
    )
    _course(sub)


def _forget_options(sub: argparse.ArgumentParser) -> None:
    whose = sub.add_mutually_exclusive_group(required=True)
    whose.add_argument(
        "--student", action="append", default=[], metavar="S", help="all of S (repeatable)"
    )
    whose.add_argument(
        "--older-than",
        type=_days,
        metavar="DAYS",
        help="all that was submitted so long ago, as 180d; who has nothing newer goes as well",
    )
    sub.add_argument("--dry-run", action="store_true", help="only show what would go")
    sub.add_argument("--yes", action="store_true", help="delete without asking")
    _course(sub)


def _check_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("notebook", type=Path)
    sub.add_argument("--language", choices=LANGUAGES, help="default: the notebook's")
    about = "check again after each save, sooner: a kernel is kept ready; stop it with Ctrl-C"
    either = sub.add_mutually_exclusive_group()
    either.add_argument("--watch", action="store_true", help=about)
    _json(either)


def _selftest_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("model", help="mini checks an installation; gpt2, gpt2-medium, gpt2-xl")
    sub.add_argument(
        "--folder", type=Path, metavar="DIR", help="the model's folder (default: found by name)"
    )


def _days(text: str) -> int:
    number = text.removesuffix("d")
    if not number.isdecimal() or len(number) > 5:
        raise argparse.ArgumentTypeError(f"must be a number of days such as 180d, was: {text}")
    return int(number)


def _jobs(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 4096:
        raise argparse.ArgumentTypeError(f"must be from 1 to 4096, was: {text}")
    return value
