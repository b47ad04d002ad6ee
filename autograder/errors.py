"""Errors that several packages raise; each is a `UserError`, whose message says what to do."""

from kischule.errors import UserError

__all__ = ["MissingPackageError", "UserError"]


class MissingPackageError(UserError, RuntimeError):
    """A package that this command needs and that a student's install does not have."""
