"""What module 1.0 answered: an endpoint keeps the module that was installed there.

Written from docs/wire-contract.md, sections 6 to 8.
"""

from typing import Any

MODULE_1_0 = "1.0.0"

SERVICES = ("Netlogon", "W32Time", "Kdc")
EVENTS = {("msexchangesa", 2060), ("msexchangesa", 9021), ("msexchangesa", 9022), ("msexchangemu", 1009)}
"""What 1.0 did not ask for."""


def as_module_1_0(result: dict[str, Any]) -> dict[str, Any]:
    """Return an answer as module 1.0 gave it: without the fields and entries of 1.1."""
    sections = {name: _section(name, part) for name, part in result.items()}
    return {**sections, "module": MODULE_1_0}


def _section(name: str, part: Any) -> Any:
    if not isinstance(part, dict) or part.get("is") != "value":
        return part
    content = part["value"]
    if name == "services":
        kept = [_without(one, "account") for one in content if one["name"] not in SERVICES]
        return {**part, "value": kept}
    if name == "cluster":
        resources = [
            _without(one, "owner_from", "persistent", "pending_timeout_ms") for one in content["resources"]
        ]
        return {**part, "value": {**_without(content, "members"), "resources": resources}}
    if name == "events":
        records = [one for one in content["records"] if (one["source"].casefold(), one["id"]) not in EVENTS]
        return {**part, "value": {**_without(content, "oldest_error"), "records": records}}
    return part


def _without(entry: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: content for name, content in entry.items() if name not in names}
