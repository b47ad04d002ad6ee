"""Grading: one submission, many submissions, and the bridge to nbgrader."""
