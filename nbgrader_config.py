"""The folder as an nbgrader course: its commands and formgrader work here."""

from autograder.course import configure

configure(get_config())  # type: ignore[name-defined]  # noqa: F821
