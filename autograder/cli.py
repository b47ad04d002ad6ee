"""The `kischule` command: arguments, progress and tables; the work is done elsewhere.

Exit status: 0 done; 1 done, and something did not pass; 2 wrong use; 3 some submissions could not
be graded. Results go to stdout, messages to stderr.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.self_check import SelfCheck

DONE, NOT_PASSED, WRONG_USE, NOT_GRADED = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):  # no folder's name and no console stops a run
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        print(
            "stopped; what was graded is kept, the same command goes on from there", file=sys.stderr
        )
        return 130
    except _wrong_use() as error:
        print(f"kischule: {error}", file=sys.stderr)
        return WRONG_USE


def _wrong_use() -> tuple[type[Exception], ...]:
    """Errors whose message is all that a user needs."""
    from autograder.exercise import ExerciseError, TooCloseError
    from autograder.grading.device import DeviceError
    from autograder.grading.forkserver import ServerError
    from autograder.grading.isolation import IsolationError
    from autograder.grading.notebook import MissingPackageError
    from autograder.grading.record import EngineError
    from autograder.grading.store import BusyError, SeedError
    from autograder.lms import problems as lms
    from autograder.release import AssignmentError
    from kischule import ModelUnavailableError, ModelUnsuitableError

    problems: tuple[type[Exception], ...]
    problems = (AssignmentError, BusyError, DeviceError, EngineError, ExerciseError, IsolationError)
    models = (ModelUnavailableError, ModelUnsuitableError, TooCloseError)
    return (*problems, *lms(), *models, MissingPackageError, SeedError, ServerError, WrongUseError)


class WrongUseError(Exception):
    """Arguments that cannot be followed."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kischule", description="GPT-2 exercises: release, check, grade."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    def course(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--course", type=Path, default=Path(), help="default: this folder")

    demo = command(
        "demo", _demo, "A whole course in a temporary folder: release, hand in, grade, report."
    )
    demo.add_argument("--keep", type=Path, metavar="DIR", help="make the course there, and keep it")

    release = command("release", _release, "Make the student release from the source.")
    release.add_argument("assignment")
    release.add_argument(
        "--language",
        choices=("de", "en"),
        default="de",
        help="en: the English edition, source/ASSIGNMENT_en; default: de",
    )
    release.add_argument(
        "--check", action="store_true", help="only say whether the release is what the source gives"
    )
    course(release)

    verify = command(
        "verify", _verify, "Try the checks on answers that are known to be right and wrong."
    )
    verify.add_argument("assignment")
    _model_option(verify)
    verify.add_argument("--json", metavar="F", help="write the results there; -: to stdout")
    course(verify)

    grade = command("grade", _grade, "Grade the hand-ins of an assignment.")
    _grade_options(grade)
    course(grade)

    feedback = command("feedback", _feedback, "Make a page for each student.")
    feedback.add_argument("assignment")
    feedback.add_argument(
        "--student", action="append", default=[], help="only this one; repeatable"
    )
    feedback.add_argument("--language", choices=("de", "en"), default="de", help="default: de")
    course(feedback)

    report = command("report", _report, "Make the page of the class.")
    report.add_argument("assignment")
    report.add_argument("--language", choices=("de", "en"), default="de", help="default: de")
    report.add_argument("--output", type=Path, metavar="F", help="default: reports/ASSIGNMENT.html")
    course(report)

    _lms_commands(command, course)
    _student_commands(command)
    return parser


def _student_commands(command: Any) -> None:
    """Those that need no course and no nbgrader."""
    check = command("check", _check, "Check a notebook before it is handed in.")
    check.add_argument("notebook", type=Path)
    check.add_argument("--language", choices=("de", "en"), help="default: the notebook's")
    check.add_argument("--json", metavar="F", help="write the results there; -: to stdout")

    command("models", _models, "What can be loaded, where it lies, how much memory it takes.")
    test = command(
        "selftest", _selftest, "Compare a model here with outputs that were published of it."
    )
    test.add_argument("model", help="mini checks an installation; gpt2, gpt2-medium, gpt2-xl")
    test.add_argument(
        "--folder", type=Path, metavar="DIR", help="where it lies; default: where load finds it"
    )


def _lms_commands(command: Any, course: Any) -> None:
    into = command("import", _import, "Take hand-ins from a learning management system.")
    into.add_argument("system", choices=("moodle", "ilias", "folder"))
    into.add_argument("file", type=Path, help="the zip that the system gives, or a folder")
    into.add_argument("assignment")
    into.add_argument("--table", type=Path, metavar="F", help="Moodle's grading worksheet")
    into.add_argument(
        "--pattern", metavar="RE", help="folder: whose file a path is, by the group (?P<student>…)"
    )
    course(into)

    out = command("export", _export, "Give grades and feedback to a learning management system.")
    out.add_argument("system", choices=("moodle", "ilias", "canvas", "gradescope", "csv"))
    out.add_argument("assignment")
    out.add_argument("out", type=Path, help="moodle, ilias: a folder; else a file")
    out.add_argument(
        "--table",
        type=Path,
        metavar="F",
        help="Moodle's worksheet or Canvas's gradebook, to fill in",
    )
    out.add_argument("--scale", action="store_true", help="moodle: convert points to its maximum")
    out.add_argument(
        "--pass-mark", type=float, metavar="PERCENT", help="ilias: of the points; default: 50"
    )
    out.add_argument("--seed-file", type=Path, metavar="F", help="gradescope: the secret")
    course(out)


def _grade_options(grade: argparse.ArgumentParser) -> None:
    grade.add_argument("assignment")
    grade.add_argument("--student", action="append", default=[], help="only this one; repeatable")
    grade.add_argument(
        "--jobs", type=_jobs, metavar="N", help="hand-ins at a time; default: one a core"
    )
    grade.add_argument(
        "--engine", choices=("local", "dask"), default="local", help="who works; default: local"
    )
    grade.add_argument(
        "--scheduler", metavar="ADDR", help="of Dask; default: a cluster on this machine"
    )
    grade.add_argument(
        "--time-limit", type=_seconds, default=60.0, metavar="S", help="a cell; default: 60"
    )
    grade.add_argument(
        "--seed-file", type=Path, metavar="F", help="the secret; default: one made for the course"
    )
    grade.add_argument(
        "--isolation",
        choices=("auto", "sandbox", "process"),
        default="auto",
        help="of the students' kernels; auto: the sandbox on Linux",
    )
    grade.add_argument(
        "--memory-limit",
        type=_megabytes,
        default=1024,
        metavar="MB",
        help="a kernel, beyond the model that all share; default: 1024",
    )
    grade.add_argument(
        "--device", choices=("cpu", "cuda"), default="cpu", help="that hand-ins may use"
    )
    _model_option(grade)
    grade.add_argument(
        "--show", action="store_true", help="run cells that only show something, too"
    )
    grade.add_argument("--force", action="store_true", help="also what is graded already")
    grade.add_argument("--json", metavar="F", help="write the results there; -: to stdout")
    grade.add_argument("--junit", metavar="F", help="write them as JUnit's XML, too")
    grade.add_argument(
        "--markdown", metavar="F", help="append the table there: for $GITHUB_STEP_SUMMARY"
    )
    grade.add_argument("--quiet", action="store_true", help="no progress and no table")


def _model_option(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--model",
        type=_model,
        default="mini",
        help="that the checks use, a name from `kischule models` or a folder; default: mini",
    )


def _model(text: str) -> str:
    """A folder gets its full path: students' kernels work in a folder of their own."""
    from kischule.catalog import FAMILY

    return text if text in FAMILY else str(Path(text).absolute())


def _seconds(text: str) -> float:
    value = float(text)
    if not 1 <= value <= 86_400:
        raise argparse.ArgumentTypeError(f"must be from 1 to 86400 seconds, was: {text}")
    return value


def _jobs(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 4096:
        raise argparse.ArgumentTypeError(f"must be from 1 to 4096, was: {text}")
    return value


def _megabytes(text: str) -> int:
    value = int(text)
    if not 64 <= value <= 1 << 20:
        raise argparse.ArgumentTypeError(f"must be from 64 to 1048576 MB, was: {text}")
    return value


# --- commands -----------------------------------------------------------------------------------


def _release(options: argparse.Namespace) -> int:
    from autograder import release

    _needs_nbgrader()
    assignment = release.edition(options.assignment, options.language)
    if options.check:
        stale = release.stale_files(options.course, assignment)
        for name in stale:
            print(f"stale: release/{assignment}/{name}")
        if not stale:
            print(f"fresh: release/{assignment}")
        return NOT_PASSED if stale else DONE
    for path in release.release(options.course, assignment):
        print(path)
    return DONE


def _verify(options: argparse.Namespace) -> int:
    from autograder.grading.store import Store
    from autograder.retarget import exercises_for
    from autograder.verify import Verdict, verify
    from kischule.models import fingerprint

    _needs_nbgrader()

    def tell(verdict: Verdict) -> None:
        state = "ok" if verdict.passed else f"{len(verdict.problems)} problems"
        print(f"{verdict.exercise}: {state}, {verdict.seconds:g} s", file=sys.stderr, flush=True)

    course = options.course.resolve()
    exercises = exercises_for(options.model, Store(course).expected, _making(options.model))
    verdicts = verify(course, options.assignment, tell, exercises)
    passed = all(v.passed for v in verdicts)
    if options.json != "-":
        rows = [
            [
                v.exercise,
                _verdict(v.reference),
                _verdict(v.skeleton),
                f"{v.wrong_caught}/{v.wrong}",
                f"{v.honest_accepted}/{v.honest}",
                f"{v.seconds:.1f}",
            ]
            for v in verdicts
        ]
        head = ["exercise", "reference passes", "skeleton fails", "wrong caught", "honest", "s"]
        _table(head, rows, right=(3, 4, 5))
        for v in verdicts:
            for problem in v.problems:
                print(f"✗ {v.exercise}: {problem}")
    _write_json(
        options.json,
        {
            "assignment": options.assignment,
            "model": fingerprint(options.model),
            "passed": passed,
            "exercises": [v.as_data() for v in verdicts],
        },
    )
    return DONE if passed else NOT_PASSED


def _making(model: str) -> Callable[[str], None]:
    def tell(exercise: str) -> None:
        print(f"{exercise}: the answers of {model} are made, once", file=sys.stderr, flush=True)

    return tell


def _check(options: argparse.Namespace) -> int:
    from autograder.grading.intake import UnreadableError
    from autograder.self_check import self_check

    if options.json not in (None, "-"):
        _writable(options.json)
    try:
        checked = self_check(options.notebook, options.language)
    except UnreadableError as error:
        raise WrongUseError(f"{options.notebook}: {error}") from error
    if options.json != "-":
        _print_check(checked)
    _write_json(options.json, {"notebook": options.notebook.name, **checked.as_data()})
    return DONE if checked.passed else NOT_PASSED


def _print_check(checked: SelfCheck) -> None:
    """A line for each exercise and what is wrong with it, the findings in groups, one last line."""
    from autograder import feedback

    rows = [f"{_verdict(r.passed)} {r.exercise}" for r in checked.results]
    rows += [f"✗ {name}" for name in checked.missing]
    for row, said in zip(rows, checked.said, strict=False):  # to another notebook nothing is said
        print("\n    ".join([row, *said.splitlines()]))
    for group, findings in checked.groups():
        print(f"\n{feedback.check_word(group, checked.language)}")
        for finding in findings:
            print(f"  {getattr(finding.message, checked.language)}")
    if any(finding.cell for finding in checked.findings):
        print(f"\n{feedback.check_word('numbers', checked.language)}")
    print(f"\n{checked.closing}")


def _grade(options: argparse.Namespace) -> int:
    _needs_nbgrader()
    _warm_up(options.engine)
    if options.scheduler and options.engine != "dask":
        raise WrongUseError("--scheduler is Dask's: it needs --engine dask")
    from autograder.grading.grade import NoSubmissionError, Options, grade
    from autograder.progress import Progress
    from autograder.reports import machine
    from kischule import ModelUnavailableError

    settings = Options(
        students=tuple(options.student),
        jobs=options.jobs,
        engine=options.engine,
        scheduler=options.scheduler,
        time_limit=options.time_limit,
        memory_limit=options.memory_limit,
        model=options.model,
        isolation=options.isolation,
        device=options.device,
        show=options.show,
        seed_file=options.seed_file,
        force=options.force,
    )
    course = options.course.resolve()
    for target in (options.json, options.junit, options.markdown):
        if target not in (None, "-"):
            _writable(target)
    with _stopped_by_signals():
        try:
            report = grade(course, options.assignment, settings, Progress(options.quiet))
            if options.json != "-" and not options.quiet:
                print_class(report)
            _write_json(options.json, report)
            if options.junit:
                _write(options.junit, machine.junit(report))
            if options.markdown:
                with open(options.markdown, "a", encoding="utf-8") as file:
                    file.write(machine.markdown(report))
        except (NoSubmissionError, ModelUnavailableError) as error:
            raise WrongUseError(str(error)) from error
        except OSError as error:
            print(
                f"kischule: stopped: {error}; what was graded is kept, the same command goes on "
                "from there",
                file=sys.stderr,
            )
            return NOT_GRADED
    could_not = [s for s in report["submissions"] if s["status"] in machine.COULD_NOT]
    if could_not and not options.quiet:
        _say_who(could_not, len(report["submissions"]))
    return NOT_GRADED if could_not else DONE


def _warm_up(engine: str) -> None:
    if engine == "local":
        from autograder.grading.processes import warm_up

        warm_up()


def _say_who(could_not: list[dict[str, Any]], number: int) -> None:
    """Below a table of hundreds: who has no grade, and why."""
    print(f"\n{len(could_not)} of {number} could not be graded:", file=sys.stderr)
    for submission in could_not:
        reasons = "; ".join(submission["flags"])
        print(f"  {submission['student']}: {submission['status']}: {reasons}", file=sys.stderr)


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """A CI that cancels sends SIGTERM: it stops a run as Ctrl-C does."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _demo(options: argparse.Namespace) -> int:
    _needs_nbgrader()
    _warm_up("local")
    from autograder.demo import run_demo
    from autograder.progress import Progress

    with _stopped_by_signals():
        return run_demo(options.keep, Progress(), print_class)


def _import(options: argparse.Namespace) -> int:
    _needs_nbgrader()
    from autograder.lms.systems import import_

    found = import_(
        options.system,
        options.file,
        options.course.resolve(),
        options.assignment,
        table=options.table,
        pattern=options.pattern,
    )
    for note in found.notes:
        print(note, file=sys.stderr)
    for line in found.refused:
        print(f"refused: {line}", file=sys.stderr)
    print(found)
    return NOT_GRADED if found.refused else DONE


def _export(options: argparse.Namespace) -> int:
    _needs_nbgrader()
    from autograder.lms.systems import export

    try:
        notes = export(
            options.system,
            options.course.resolve(),
            options.assignment,
            options.out,
            table=options.table,
            scale=options.scale,
            pass_mark=options.pass_mark,
            seed_file=options.seed_file,
        )
    except OSError as error:
        raise WrongUseError(f"{options.out} cannot be written: {error.strerror}") from error
    for note in notes:
        print(note, file=sys.stderr)
    print(options.out)
    return DONE


def _feedback(options: argparse.Namespace) -> int:
    _needs_nbgrader()
    _warm_up("local")
    from autograder.grading.bridge import Course
    from autograder.lms.final import not_final
    from autograder.reports.feedback_run import feedback

    failed, course = 0, options.course.resolve()
    pages = feedback(course, options.assignment, tuple(options.student), options.language)
    for student, made in pages:
        failed += isinstance(made, Exception)
        if isinstance(made, Exception):
            print(f"{student}: {made}", file=sys.stderr)
        else:
            print(made)
    totals = Course(course).totals(options.assignment)
    for note in [] if options.student else not_final(course, options.assignment, totals):
        print(note, file=sys.stderr)
    return NOT_GRADED if failed else DONE


def _report(options: argparse.Namespace) -> int:
    _needs_nbgrader()
    from autograder.grading.store import write_atomically
    from autograder.reports.class_page import class_page

    course = options.course.resolve()
    target = options.output or course / "reports" / f"{options.assignment}.html"
    page = class_page(course, options.assignment, options.language)
    try:
        write_atomically(target, page.encode())
    except OSError as error:
        raise WrongUseError(f"{target} cannot be written: {error.strerror}") from error
    print(target)
    return DONE


def _models(options: argparse.Namespace) -> int:
    from kischule.catalog import FAMILY
    from kischule.models import where

    rows = []
    for info in FAMILY.values():
        place = where(info.name)
        rows.append(
            [
                info.name,
                f"{info.parameters / 1e6:,.1f} M",
                f"{info.download / 1e6:,.0f} MB" if info.download else "–",
                f"{info.memory / 1e6:,.0f} MB",
                str(place) if place else "not here yet",
            ]
        )
    heads = ["model", "parameters", "download", "memory in float32", "where"]
    _table(heads, rows, right=(1, 2, 3))
    return DONE


def _selftest(options: argparse.Namespace) -> int:
    from autograder.selftest import PublishedError, selftest

    results = []
    try:
        for result in selftest(options.model, options.folder):
            print(f"{result.id}: {_verdict(result.passed)}", file=sys.stderr, flush=True)
            results.append(result)
    except PublishedError as error:
        raise WrongUseError(str(error)) from error
    rows = [
        [_verdict(r.passed), r.id, _short(r.source), _short(r.expected), _short(r.got)]
        for r in results
    ]
    _table(["", "what", "source", "expected", "got"], rows)
    failed = [r for r in results if r.passed is False]
    for r in failed:
        print(f"✗ {r.id}: expected {r.expected}; got {r.got} ({r.source})")
    compared = sum(r.passed is not None for r in results)
    print(f"{compared - len(failed)} of {compared} hold, {len(results) - compared} left out")
    return NOT_PASSED if failed else DONE


# --- output -------------------------------------------------------------------------------------


def _needs_nbgrader() -> None:
    from importlib.util import find_spec

    if find_spec("nbgrader") is None:
        raise WrongUseError("this command needs nbgrader: pip install 'kischule[teacher]'")


def print_class(report: dict[str, Any]) -> None:
    """The class as a table: who, status, points, and what did not pass."""
    from autograder.progress import points

    rows = []
    for submission in report["submissions"]:
        failed = [e for e in submission["exercises"] if e["level"] != "manual" and not e["passed"]]
        by_hand = [e for e in submission["exercises"] if e["level"] == "manual"]
        waiting = sum(e["max_points"] for e in by_hand if e["passed"] is None)
        notes = _few(_grouped(failed)) + [f"! {flag}" for flag in submission["flags"]]
        rows.append(
            [
                submission["student"],
                submission["status"],
                points(submission),
                f"{waiting:g}" if waiting else "",
                "; ".join(notes) or "–",
            ]
        )
    _table(["student", "status", "points", "waiting", "not passed"], rows, right=(2, 3))


def _grouped(failed: list[dict[str, Any]]) -> list[str]:
    """`greedy_decode` where both levels failed, `greedy_decode (drawn)` where one did."""
    levels: dict[str, list[str]] = {}
    for exercise in failed:
        levels.setdefault(exercise["id"], []).append(exercise["level"])
    return [n if len(found) > 1 else f"{n} ({found[0]})" for n, found in levels.items()]


def _short(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _few(notes: list[str], most: int = 4) -> list[str]:
    return notes if len(notes) <= most else [*notes[: most - 1], f"… ({len(notes)} in all)"]


def _verdict(passed: bool | None) -> str:
    return "✓" if passed else "–" if passed is None else "✗"


def _table(head: list[str], rows: list[list[str]], right: Sequence[int] = ()) -> None:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = ["─" * width for width in widths]
    for row in [head, rule, *rows]:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def _write_json(target: str | None, data: dict[str, Any]) -> None:
    if target is None:
        return
    text = json.dumps(data, ensure_ascii=False, indent=2)
    if target == "-":
        print(text)
    else:
        _write(target, (text + "\n").encode(errors="backslashreplace"))


def _writable(target: str) -> None:
    """Raises WrongUseError for what cannot be a file's name, before work is done for it."""
    path = Path(target)
    if not target or path.is_dir():
        raise WrongUseError(f"results need a file's name, was: {target!r}")
    if not path.resolve().parent.is_dir():
        raise WrongUseError(f"the folder of {target} is not there")


def _write(target: str, content: bytes) -> None:
    from autograder.grading.store import write_atomically

    write_atomically(Path(target), content)


if __name__ == "__main__":
    sys.exit(main())
