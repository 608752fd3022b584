"""What the self-check looks at, all at once where it asks management hosts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from slack_sdk import WebClient

from bot.doctor import hosts, record_file, secret_files, slack_app
from bot.doctor.connection import RunningBot
from bot.doctor.findings import DoctorLine, fail, ok, warn
from bot.doctor.hosts import Hosts
from bot.settings.settings import Settings
from handlers.ports import Clock
from storage.chain.signing import last_path
from storage.file.database import Database

AT_ONCE = 8  # hosts asked at the same time


def checks(
    settings: Settings,
    remote: Hosts,
    client: WebClient | None,
    database: Database | None,
    clock: Clock,
    *,
    running: RunningBot | None = None,
) -> list[DoctorLine]:
    """Look at everything; takes as long as the slowest host, at most its deadline.

    `client` carries the bot's token, None: there is none. `database` is the open file, None: it is looked at
    beside whoever has it open. `running` is what the bot of this file says of itself, None: none runs.
    """
    inventory = settings.inventory()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="doctor") as workers:
        asked = [
            workers.submit(hosts.look, name, options, inventory, remote, clock)
            for name, options in settings.hosts().items()
        ]
        lines = [
            *_settings(settings),
            *secret_files.look(settings),
            *_slack(settings, client, running, clock.now()),
            *record_file.look(settings.database, database, clock.now(), last_path(settings.signing_key)),
        ]
        return [*lines, *(line for one in asked for line in one.result())]


def _settings(settings: Settings) -> list[DoctorLine]:
    doubts = [warn("settings", sentence) for sentence in settings.warnings()]
    return doubts or [ok("settings", "no doubts")]


def _slack(
    settings: Settings, client: WebClient | None, running: RunningBot | None, now: datetime
) -> list[DoctorLine]:
    if client is None:
        return [fail("bot token", "it is not set. Set SLACK_BOT_TOKEN or SLACK_BOT_TOKEN_FILE.")]
    return list(slack_app.look(settings, client, running, now))
