"""The base of all errors that a user can do something about."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can fix; the command prints the message and exits with 2."""
