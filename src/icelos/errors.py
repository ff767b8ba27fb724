"""The error tree. Only errors that a person must read live here; elsewhere builtins do.

IcelosError                 exit 3
├── SettingsError           exit 2   a setting is unknown, of the wrong type, or out of range
├── InputError              exit 2   what came in cannot be read; inside a run it becomes a Failure
│   └── AbsentError         exit 2   what is named is not there, or not for whoever asks
├── MissingExtra            exit 2   an optional package is not installed; names the pip command
├── ModelError              exit 3   a model call failed; `.retryable` says whether trying again may help
│   └── BudgetError         exit 4   tokens, calls, money or time are used up
├── StoreError              exit 3   the knowledge or findings store cannot be read or written
└── RunError                exit 3   a run had to stop (for example: too many failures)
"""

from __future__ import annotations


class IcelosError(Exception):
    """An error meant for the user: what happened, where, and what to do.

    `message` is one line without a trailing full stop; `hint` says what to do; `source` says where
    ("mail.mbox:17").
    """

    exit_code = 3

    def __init__(self, message: str, *, hint: str | None = None, source: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.source = source

    def __str__(self) -> str:
        where = f"{self.source}: " if self.source else ""
        return f"{where}{self.message}" + (f" ({self.hint})" if self.hint else "")

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.hint, self.source))


def _rebuild(kind: type[IcelosError], message: str, hint: str | None, source: str | None) -> IcelosError:
    """Errors cross process borders, and keyword-only arguments do not by themselves."""
    error = kind.__new__(kind)
    IcelosError.__init__(error, message, hint=hint, source=source)
    return error


class SettingsError(IcelosError):
    """A setting is unknown, of the wrong type, or out of range."""

    exit_code = 2


class InputError(IcelosError):
    """What came in cannot be read. Inside a run it becomes a Failure and the run goes on."""

    exit_code = 2


class AbsentError(InputError):
    """What is named is not there, or not for whoever asks."""


class MissingExtra(IcelosError):
    """An optional package is not installed."""

    exit_code = 2

    def __init__(self, what: str, *, extra: str) -> None:
        super().__init__(f"{what} is not installed", hint=f"pip install 'icelos[{extra}]'")


class ModelError(IcelosError):
    """A model call failed. `retryable` is true where the same call may succeed later."""

    def __init__(
        self, message: str, *, hint: str | None = None, source: str | None = None, retryable: bool = False
    ) -> None:
        super().__init__(message, hint=hint, source=source)
        self.retryable = retryable

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_model_error, (type(self), self.message, self.hint, self.source, self.retryable))


def _rebuild_model_error(
    kind: type[ModelError], message: str, hint: str | None, source: str | None, retryable: bool
) -> IcelosError:
    error = _rebuild(kind, message, hint, source)
    error.retryable = retryable  # type: ignore[attr-defined]
    return error


class BudgetError(ModelError):
    """The budget of tokens, calls, money or time is used up."""

    exit_code = 4


class StoreError(IcelosError):
    """The knowledge or findings store cannot be read or written."""


class RunError(IcelosError):
    """A run had to stop before its end."""
