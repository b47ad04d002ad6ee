"""A course folder and nbgrader: the only package that imports nbgrader.

A course's `nbgrader_config.py` holds `from autograder.course import configure` and
`configure(get_config())`.
"""

from autograder.course.configuration import configure

__all__ = ["configure"]
