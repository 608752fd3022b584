"""What can go wrong on the way to a management host, as sentences: what failed, and what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace

TEXT_LIMIT = 300  # characters of a foreign text in a sentence of ours

_APART = "Ask again; if it stays, see that a proxy or load balancer on the way keeps connections apart."


@dataclass(frozen=True, slots=True)
class Failure:
    """One way of failing.

    `unsent`: certainly the host took nothing of the exchange that failed. `again`: a query may be tried once
    more, over a new connection. `refused`: host or domain refused the user, which counts towards a lock-out.
    `crowded`: no more shells for this user, until one is closed.
    """

    what: str
    advice: str
    code: str | None = None
    unsent: bool = False
    again: bool = False
    refused: bool = False
    crowded: bool = False


class Failed(Exception):
    """A command gave no answer. `sent`: it may have reached the host, so that its outcome is unknown."""

    def __init__(self, failure: Failure, *, sent: bool = False) -> None:
        super().__init__(failure.what)
        self.failure, self.sent = failure, sent


def cut(text: object) -> str:
    """Foreign text on one line, without control characters, at most `TEXT_LIMIT` characters."""
    first = str(text)[: 10 * TEXT_LIMIT]  # of 12 MB, where a host likes
    line = " ".join("".join(c if c.isprintable() else " " for c in first).split())
    return line if len(line) <= TEXT_LIMIT else line[: TEXT_LIMIT - 1] + "…"


def timed_out(command: str, seconds: float, *, sent: bool) -> Failure:
    """Our own deadline has passed."""
    if sent:
        what = f"{command} gave no answer within {seconds:g} s and is being stopped"
    else:
        what = f"it gave no answer within {seconds:g} s, so {command} was not sent"
    return Failure(what, "Ask again; if host or node are only slow, raise deadline_seconds of this host.")


def waited_for_logon(seconds: float) -> Failure:
    """Another thread's logon, which goes alone, has not ended in time."""
    return Failure(
        f"the first logon to it did not end within {seconds:g} s",
        "See whether the host answers at all (`rootver doctor`), then ask again.",
        unsent=True,
    )


def superseded() -> Failure:
    """The settings have another password, or another proxy, by now."""
    return Failure("its secrets were read anew meanwhile", "Ask again.", unsent=True, again=True)


def logon_forgotten() -> Failure:
    """A connection that was logged on is asked for a logon: something on the way has made it anew."""
    return Failure(
        "it asked for another logon on a connection that was logged on",
        _APART,
        "401",
        unsent=True,
        again=True,
    )


def logon_unanswered(lost: Failure) -> Failure:
    """The password went out and no answer came back: it may have been refused, so it is not tried again."""
    return replace(
        lost,
        what=f"no answer to the logon came back: {lost.what}",
        advice="Ask again once the host is well. The bot does not repeat it: it may have been refused.",
        again=False,
    )


def closed_after_logon() -> Failure:
    """The host took the logon and closed the connection, so that it can be used for nothing."""
    return Failure(
        "it closed the connection right after the logon",
        _APART,
        unsent=True,
        again=True,
    )


def aborted(code: int = 995, words: object = None) -> Failure:
    """Fault 995, ERROR_OPERATION_ABORTED (winerror.h): what ran was ended from outside. `words`: WinRM's."""
    said = f': "{cut(words)}"' if words else ""
    return Failure(
        f"what it did was cut off: WinRM or the host is stopping, or somebody closed the shell{said}",
        "Ask again once the host is up.",
        f"0x{code:08x}",
        again=True,
    )


def too_much(what: str) -> Failure:
    """The answer passes one of the `handlers.psrp.bounds`; `what` says which."""
    return Failure(
        f"{what}: it was not read to the end",
        "This is no answer of the module RootVer: see what stands behind the endpoint.",
    )


def stopping() -> Failure:
    """The process is closing its connections."""
    return Failure("the bot is stopping", "Ask again once it runs.", unsent=True)


def unknown_host() -> Failure:
    """The settings have no such management host."""
    return Failure("no such management host", "Give it a section [hosts.NAME] in the settings.", unsent=True)


def unusable(error: ValueError) -> Failure:
    """pypsrp refuses the options."""
    return Failure(
        f"its options cannot be used: {cut(error)}", "Correct them; see `rootver config`.", unsent=True
    )


def interrupted() -> Failure:
    """The thread that logged on was interrupted (Ctrl-C)."""
    return Failure("the logon to it was interrupted", "Ask again.", unsent=True, again=True)
