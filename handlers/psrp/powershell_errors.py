"""From the errors of PowerShell on the host to a kind of failure: by their ids, which are not translated."""

from __future__ import annotations

import re
from typing import Any

from handlers.host_options import HostOptions
from handlers.kb906154.facts import Unreadable
from handlers.kb906154.unreadable import hindrance
from handlers.psrp.failures import Failure, cut
from handlers.psrp.kinds_of_failure import told

_PARSER_ERROR = 17  # System.Management.Automation.ErrorCategory.ParserError

# A part of a FullyQualifiedErrorId, and the kind that it stands for; the first that fits counts.
_IDS = (
    ("NotInJournal", "not in the journal"),
    ("JournalNot", "journal"),
    ("ScriptsNotAllowed", "script text refused"),
    ("ScriptContainedMaliciousContent", "anti-malware"),
    ("ConstrainedLanguage", "constrained language"),
    ("DotSourceNotSupported", "constrained language"),
    ("OutOfMemoryException", "memory"),
    ("UnauthorizedAccess,", "execution policy"),
    ("NamedParameterNotFound", "older module"),
    ("ParameterArgumentValidationError", "node not listed"),
    ("CouldNotAuto", "module does not load"),
    ("Modules_", "module does not load"),
    ("FileLoadException", "module does not load"),
    ("CommandNotFoundException", "command missing"),
)
# The type of the exception, where the id is only its message.
_REASONS = {"OutOfMemoryException": "memory", "PSSecurityException": "execution policy"}


def refused_by_powershell(command: str, errors: list[Any], options: HostOptions) -> Failure:
    """The pipeline failed, was stopped, or gave only errors: what the first of a known kind says."""
    known = ((error, kind) for error in errors if (kind := _kind(error)))
    error, kind = next(known, (errors[0] if errors else None, None))
    if error is None:
        return told("another error", options, words="PowerShell gave no reason", command=command)
    identifier = _identifier(error)
    if kind == "command missing" and options.delivery != "endpoint":
        kind = "command missing inline"
    if kind:
        return told(kind, options, identifier.split(",")[0], error, command=command)
    return _of_the_node(command, error, identifier, options)


def never_ran(command: str, errors: list[Any]) -> bool:
    """Whether PowerShell did not find the command itself; one that it calls is another target.

    The target of CommandNotFoundException is the name that was looked up (tried on the real engine).
    """
    return any(
        "CommandNotFoundException" in _identifier(error)
        and str(getattr(error, "target_object", None)).casefold() == command.casefold()
        for error in errors
    )


def _kind(error: Any) -> str | None:
    identifier = _identifier(error)
    if _code(identifier):
        return None
    found = next((kind for part, kind in _IDS if part in identifier), None)
    found = found or _REASONS.get(str(getattr(error, "reason", None)))
    return found or ("syntax" if getattr(error, "category", None) == _PARSER_ERROR else None)


def _identifier(error: Any) -> str:
    return str(getattr(error, "fq_error", None) or "")


def _code(identifier: str) -> str | None:
    """The number in an error's id, where CIM and our module put it: "HRESULT 0x800706ba,…"."""
    found = re.match(r"HRESULT (0x[0-9a-f]{8})", identifier)
    return found[1] if found else None


def _of_the_node(command: str, error: Any, identifier: str, options: HostOptions) -> Failure:
    code = _code(identifier)
    words = str(error).removesuffix(f" ({code})")
    known = hindrance(Unreadable(code, "")) if code else None
    if known is None:
        return told("another error", options, code or cut(identifier) or None, words, command=command)
    if known.name == "refused":
        return told("node refused access", options, code, words, command=command)
    return told("node", options, code, words, command=command, meaning=known.meaning, step=known.advice)
