"""`result.json` for Classroom 50, the heir of GitHub Classroom: schema `classroom50/result/v1`.

Format, as its repository states it (github.com/foundation50/classroom50, `schemas/` and the wiki's
page "Advanced Autograding"): who and what was graded is in the runner's environment; scores are
whole numbers, and none exceeds its maximum; a test may carry further fields.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from fractions import Fraction
from math import lcm
from typing import Any

from autograder.checking.result import Result
from autograder.errors import UserError

SCHEMA, SUBMISSION_PREFIX = "classroom50/result/v1", "submit/"
# field -> the variables of the runner that can hold it, the first that is set
VARIABLES = {
    "classroom": ("CLASSROOM",),
    "assignment": ("ASSIGNMENT",),
    "assignment_type": ("ASSIGNMENT_TYPE",),
    "owner": ("OWNER", "USERNAME"),
    "submission": ("SUBMISSION_TAG",),
    "commit": ("COMMIT_URL",),
    "release": ("RELEASE_URL",),
    "review": ("REVIEW_URL", "COMMIT_URL"),
}
MAX_DENOMINATOR = 100  # points have at most two decimals


class RunnerError(UserError, RuntimeError):
    """The environment is not that of Classroom 50's runner."""


@dataclass(frozen=True, kw_only=True)
class ClassroomScore:
    """One test as Classroom 50 shows it, in points."""

    name: str
    passed: bool
    points: float
    max_points: float
    message: str

    @classmethod
    def of(cls, name: str, result: Result, language: str) -> "ClassroomScore":
        """The score of a result that was judged; of a bonus, which has no maximum, only passed."""
        return cls(
            name=name,
            passed=bool(result.passed),
            points=min(result.points, result.counted_points) if result.passed is not None else 0.0,
            max_points=result.counted_points,
            message=result.told(language),
        )

    def as_data(self) -> dict[str, Any]:
        """The fields as plain data, for another process."""
        return asdict(self)


def named_by_runner(environment: Mapping[str, str]) -> dict[str, str]:
    """Read who and what is graded. Raises RunnerError where the runner has not said so."""
    environment = {"ASSIGNMENT_TYPE": "individual", **environment}
    found = {
        field: next((environment[name] for name in names if environment.get(name)), "")
        for field, names in VARIABLES.items()
    }
    missing = [" or ".join(VARIABLES[field]) for field, value in found.items() if not value]
    if missing:
        raise RunnerError(
            f"Classroom 50's runner must set {', '.join(missing)}; outside of it leave out "
            "--classroom50"
        )
    if not found["submission"].startswith(SUBMISSION_PREFIX):
        raise RunnerError(
            f"SUBMISSION_TAG must begin with {SUBMISSION_PREFIX}, was: {found['submission']}"
        )
    return found


def classroom50_result(
    tests: Iterable[ClassroomScore], environment: Mapping[str, str]
) -> dict[str, Any]:
    """Make the data of result.json. Raises RunnerError.

    Half points become whole ones by counting all points twice, quarters by four, and so on.
    """
    tests = list(tests)
    rows = rows_of(tests, unit_of(n for test in tests for n in (test.points, test.max_points)))
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "schema": SCHEMA,
        **named_by_runner(environment),
        "datetime": now,  # the runner puts the commit's time in its place
        "score": sum(row["score"] for row in rows),
        "max-score": sum(row["max-score"] for row in rows),
        "tests": rows,
    }


def unit_of(points: Iterable[float]) -> int:
    """Find the least number that makes all of these points whole."""
    return lcm(*(_exact(each).denominator for each in points))


def whole(points: float, unit: int) -> int:
    """Count points by a unit of theirs."""
    return int(_exact(points) * unit)


def rows_of(tests: Iterable[ClassroomScore], unit: int) -> list[dict[str, Any]]:
    """The tests as result.json lists them, each point counted so many times."""
    return [
        {
            "test-name": test.name,
            "passed": test.passed,
            "score": whole(test.points, unit),
            "max-score": whole(test.max_points, unit),
            **({"message": test.message} if test.message else {}),
        }
        for test in tests
    ]


def _exact(points: float) -> Fraction:
    return Fraction(round(points, 2)).limit_denominator(MAX_DENOMINATOR)
