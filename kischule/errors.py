"""Exceptions of kischule, all of them something that the user can fix."""


class UserError(Exception):
    """Something the user can fix; the command prints the message and exits with 2."""


class ModelUnavailableError(UserError, OSError):
    """A model that is not on this machine and cannot be fetched; the message says what to do."""


class ModelUnsuitableError(UserError, ValueError):
    """A model that was read but cannot do the exercises; the message gives the reason."""


class SettingError(UserError, ValueError):
    """A setting outside its range.

    name: the parameter. rule: the range, as the end of "`name` must ...". was: the value given.
    """

    def __init__(self, name: str, rule: str, was: object) -> None:
        super().__init__(f"{name} must {rule}, was: {was!r}")
        self.name, self.rule, self.was = name, rule, was


class PromptError(UserError, ValueError):
    """A prompt without tokens or too long for the model; worded in the notebook's language."""
