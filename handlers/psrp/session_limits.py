"""When a session is mistrusted or ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times are seconds.

    `keep_alive`: an idle connection is made anew after this. http.sys closes it after 120 s, and with NTLM
    message encryption the keys go with it (pypsrp issues 53 and 203).
    `commands`: of one shell. WinRM counts each until the shell ends or a Terminate is sent for it
    (MaxConcurrentCommandsPerShell, pypsrp issue 148). A new shell after 50 costs at most 9 exchanges, 50
    Terminates cost 50; and 16 workers stay below MaxConcurrentOperationsPerUser, 1,500.
    `disposal`: for stopping a pipeline and deleting a shell, in the background.
    `pause`: before a query that failed on the way is asked again: what broke it may be a moment's matter.
    `grace`: what an HTTP answer may take beyond its operation time-out, and a command beyond its deadline,
    before the connection is cut; pypsrp gives an answer the same (`WSMan.invoke`).
    """

    keep_alive: float = 60
    commands: int = 50
    disposal: float = 10
    pause: float = 1
    grace: float = 2
