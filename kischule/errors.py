"""Exceptions of kischule, all of them something that the user can fix."""

from kischule.i18n import Text

WAS = Text("{rule}, war: {was}", "{rule}, was: {was}")


class UserError(Exception):
    """Something the user can fix; the command prints the message and exits with 2.

    text: the message in both languages; `str(error)` is the English one.
    """

    def __init__(self, message: str | Text = "") -> None:
        self.text = message if isinstance(message, Text) else Text.same(message)
        super().__init__(self.text.en)


class ModelUnavailableError(UserError, OSError):
    """A model that is not on this machine and cannot be fetched; the message says what to do."""


class ModelUnsuitableError(UserError, ValueError):
    """A model that was read but cannot do the exercises; the message gives the reason."""


class ArgumentError(UserError, ValueError):
    """An argument that cannot be used.

    name: the parameter. rule: a sentence without its full stop. was: the value given.
    """

    def __init__(self, name: str, rule: Text, was: object) -> None:
        super().__init__(WAS.format(rule=rule, was=shown(was)))
        self.name, self.rule, self.was = name, rule, was


class SettingError(UserError, ValueError):
    """A setting outside its range.

    name: the parameter. rule: the range, as the end of "`name` must ...". was: the value given.
    """

    def __init__(self, name: str, rule: str, was: object) -> None:
        super().__init__(f"{name} must {rule}, was: {shown(was)}")
        self.name, self.rule, self.was = name, rule, was


class PromptError(UserError, ValueError):
    """A prompt without tokens or too long for the model; worded in the notebook's language."""


def shown(value: object, max_chars: int = 200) -> str:
    """A value in one line of an error, shortened; its type where it has no text."""
    try:
        text = " ".join(repr(value).split())
    except (ValueError, RecursionError):  # a number of thousands of digits; a value in itself
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= max_chars else f"{text[: max_chars - 1]}…"
