"""How a command can end: exit codes, and which error ends in which. The one place that knows.

Errors are listed by name, so that `rootver --help` imports nothing of what might raise them. Codes from 64 on
are those of sysexits.h.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from bot.slack.refusals import APP, TOKEN_REFUSED, slack_code, slack_not_reached, token_of


class Exit(IntEnum):
    """Exit codes of `rootver`."""

    FINE = 0
    FOUND = 1
    UNSURE = 2
    USAGE = 64
    BAD_DATA = 65
    MISSING = 66
    UNAVAILABLE = 69
    DEFECT = 70
    CANNOT_CREATE = 73
    OTHER_BOT = 75
    REFUSED = 77
    SETTINGS = 78
    INTERRUPTED = 130


MEANINGS: Mapping[Exit, str] = {
    Exit.FINE: "fine; also after SIGTERM, and where nothing was found to show",
    Exit.FOUND: "found something: a verdict, a fault in the record, a FAIL of doctor, a trouble of the bot",
    Exit.UNSURE: "could not tell: inconclusive, refused or out of scope",
    Exit.USAGE: "wrong words or options",
    Exit.BAD_DATA: "a file is not what it should be",
    Exit.MISSING: "no such file, fix or person",
    Exit.UNAVAILABLE: "Slack, a host or the running bot cannot be reached, or a part is not installed",
    Exit.DEFECT: "a defect of rootver",
    Exit.CANNOT_CREATE: "a file cannot be created or written",
    Exit.OTHER_BOT: "another rootver process uses the database",
    Exit.REFUSED: "Slack refused the tokens, or you did not agree",
    Exit.SETTINGS: "the settings cannot be used",
    Exit.INTERRUPTED: "interrupted with Ctrl-C, or a question got no answer",
}


class Stop(Exception):
    """A command ends here: what to say on stderr, and the exit code."""

    def __init__(self, code: Exit, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


# Errors by module and class; of several that fit, the most derived class decides.
_CODES: Mapping[str, Exit] = {
    "builtins.ConnectionError": Exit.UNAVAILABLE,
    "builtins.OSError": Exit.CANNOT_CREATE,
    "builtins.TimeoutError": Exit.UNAVAILABLE,
    "bot.settings.file.SettingsError": Exit.SETTINGS,
    "handlers.remote_errors.RemoteError": Exit.UNAVAILABLE,
    "handlers.ports.LookupFailed": Exit.UNAVAILABLE,
    "handlers.record.questions.QuestionError": Exit.USAGE,
    "slack_sdk.errors.SlackClientError": Exit.UNAVAILABLE,
    "storage.file.errors.AnotherBotRuns": Exit.OTHER_BOT,
    "storage.file.errors.StorageDamaged": Exit.BAD_DATA,
    "storage.file.errors.StorageError": Exit.CANNOT_CREATE,
    "storage.file.errors.StorageForeign": Exit.BAD_DATA,
    "storage.file.errors.StorageMissing": Exit.MISSING,
    "urllib.error.URLError": Exit.UNAVAILABLE,
}


def explain(error: BaseException) -> tuple[Exit, str] | None:
    """The exit code and the sentence for an error that can be expected; None: it is a defect."""
    if isinstance(error, Stop):
        return error.code, str(error)
    for kind in type(error).__mro__:
        code = _CODES.get(f"{kind.__module__}.{kind.__qualname__}")
        if code is not None:
            return _told(error, code)
    return None


def _told(error: Any, code: Exit) -> tuple[Exit, str]:
    known = _behind(error)
    reason = slack_code(known)
    if reason in TOKEN_REFUSED:
        return Exit.REFUSED, f"Slack refused the token ({reason}). Check {token_of(known)}."
    if reason == "missing_scope" and token_of(known) == APP:
        return Exit.REFUSED, f"Slack refused the token ({reason}). {APP} needs the scope connections:write."
    if reason:
        what = "Check SLACK_API_URL, or try again; rootver doctor tells more."
        return code, f"Slack did not answer as it should ({reason}). {what}"
    if code is Exit.UNAVAILABLE and isinstance(known, OSError):
        return code, slack_not_reached(known)
    if isinstance(error, OSError):
        what = error.filename or "what was to be written"
        return code, f"{what}: {error.strerror or error}. Check the disk, and who may read and write there."
    return code, str(error)


def _behind(error: Any) -> Any:
    """What Slack's client said, where a look-up failed because of that."""
    return error.__cause__ if type(error).__name__ == "LookupFailed" and error.__cause__ else error
