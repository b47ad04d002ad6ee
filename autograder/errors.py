"""Errors that several packages raise; each is a `UserError`, whose message says what to do."""

import errno

from kischule.errors import UserError
from kischule.i18n import Text

__all__ = ["MissingPackageError", "UserError", "system_reason"]

# what the system says in English only
SYSTEM_WORDS = {
    errno.EACCES: "der Zugriff ist nicht erlaubt",
    errno.EEXIST: "gibt es schon",
    errno.EISDIR: "ist ein Ordner",
    errno.ELOOP: "ist ein Verweis auf eine andere Datei",
    errno.ENAMETOOLONG: "der Name ist zu lang",
    errno.ENOENT: "gibt es nicht",
    errno.ENOSPC: "der Datenträger ist voll",
    errno.ENOTDIR: "ist kein Ordner",
    errno.EPERM: "ist nicht erlaubt",
    errno.EROFS: "der Datenträger ist schreibgeschützt",
}


class MissingPackageError(UserError, RuntimeError):
    """A package that this command needs and that a student's install does not have."""


def system_reason(error: OSError) -> Text:
    """The reason that the system gives, in both languages."""
    reason = error.strerror or str(error)
    return Text(SYSTEM_WORDS.get(error.errno or 0, reason), reason)
