"""What the short names of the knowledge mean, in words for people. The words are ours."""

from __future__ import annotations

from collections.abc import Mapping

from bot.slack.text import mention, plain

# Results of a check: a word always, the emoji beside it. Not the emoji that decide on a card.
RESULTS: Mapping[str, str] = {
    "fail": ":red_circle: FAIL",
    "warn": ":large_yellow_circle: WARN",
    "unknown": ":white_circle: UNKNOWN",
    "ok": ":large_green_circle: OK",
    "info": ":large_blue_circle: INFO",
}

CHECKS: Mapping[str, str] = {
    "identity": "Which computer",
    "windows": "Windows",
    "exchange": "Exchange",
    "cluster": "Cluster",
    "root_ver": "RootVer",
    "dotnet_11": ".NET Framework 1.1",
    "other_versions": "Other ASP.NET versions",
    "owner": "Owner",
    "system_attendant": "System Attendant",
    "information_store": "Information Store",
    "pop3": "POP3",
    "imap4": "IMAP4",
    "symptoms": "Events of the article",
    "permissions": "Events of missing permissions",
    "aspnet_account": "ASPNET account",
    "remote_registry": "Remote Registry",
    "write_access": "Write access",
    "event_log": "Application log",
    "store_databases": "Store databases",
}

# What is looked at, and why. docs/rules.md prints it.
LOOKS_AT: Mapping[str, str] = {
    "identity": "which computer answered, so that nobody reads one node for another",
    "windows": "the version of Windows: the article is about Windows 2000, the Best Practices Analyzer "
    "covers Windows Server 2003 too",
    "exchange": "the version of Exchange's store: 6.5 is Exchange Server 2003, which the article is about",
    "cluster": "whether the node is in a cluster, and what the cluster says of its resources",
    "root_ver": "the value RootVer of the ASP.NET key in the registry: it has to name a version that is "
    "registered, and where .NET Framework 1.1 is what runs, that is 1.1.4322.0",
    "dotnet_11": "whether .NET Framework 1.1 is installed and registered: only then 1.1.4322.0 is right",
    "other_versions": "whether other versions of ASP.NET are registered: 1.1 is then one of several",
    "owner": "which node owns the System Attendant, by the cluster's own word: nothing is down on a passive "
    "node",
    "system_attendant": "the System Attendant's service and its cluster resource: mail is down where it is",
    "information_store": "whether the Information Store's service runs on the owner",
    "pop3": "whether POP3 runs on the owner, if it is wanted there",
    "imap4": "whether IMAP4 runs on the owner, if it is wanted there",
    "symptoms": "the eight events of the article, logged since the last boot and since the last fix",
    "permissions": "events of missing permissions, another cause that the article names",
    "aspnet_account": "whether the local account ASPNET is there, another cause that the article names",
    "remote_registry": "whether Remote Registry runs: the System Attendant depends on it (KB 870918)",
    "write_access": "whether the account that would change RootVer may write to its key",
    "event_log": "how far back the Application log reaches: of what is older nothing is known",
    "store_databases": "whether the stores are mounted: that cannot be read remotely, so it is never known",
}

# Causes that the article and its neighbours name, in the words of the fact that rules each out.
RULED_OUT: Mapping[str, str] = {
    "aspnet_account": "the ASPNET account is there",
    "permissions": "no events of missing permissions",
    "remote_registry": "Remote Registry runs",
    "other_versions": "no other ASP.NET version is registered",
    "attendant_disabled": "the System Attendant's service is not disabled",
    "service_account": "it runs as LocalSystem",
    "iis_down": "IIS runs",
    "metabase_protocol": "no events of POP3 or IMAP4 missing in the metabase",
    "node_restored": "no events of missing crypto checkpoints",
    "directory_unreachable": "no events of a directory that does not answer",
    "no_site": "no events of a missing site",
    "resource_failed": "no other resource failed here",
}

FINDINGS: Mapping[str, str] = {
    "aspnet_account_missing": "the ASPNET account is missing",
    "permissions": "events point at missing permissions",
    "remote_registry_stopped": "Remote Registry does not run",
    "services_down": "Exchange services are down",
    "earlier_symptoms": "events of this cause were logged earlier, but the System Attendant is not down now",
}

NOTES: Mapping[str, str] = {
    "other_version_registered": "another ASP.NET version is registered too: 1.1 is being chosen",
    "no_write_access": "the account that reads has no write access, or that could not be read",
    "windows_2003": "Windows Server 2003 is not in the article's list; the Best Practices Analyzer covers it",
    "aspnet_account_disabled": "the ASPNET account is disabled or locked",
    "domain_controller": "this is a domain controller, so the ASPNET account is not judged",
    "log_short": "the Application log does not reach back to the start of the window, or was cut",
    "owner_disagreement": "the nodes disagree about who owns the System Attendant",
    "before_boot": "events from before the last boot prove nothing now",
    "unlisted_node": "the cluster lists a node that the settings do not have",
    "partner_differs": "a partner has another valid RootVer: the article says nothing of which is right",
}

# Why a reaction that stands on a card does not count.
TICKS: Mapping[str, str] = {
    "not_an_approver": "not an approver",
    "not_a_member": "not a full member of this workspace",
    "own_request": "asked for it, and a second person must approve",
    "not_verified": "Slack could not tell who this is; take it away and react again",
    "already_approved": "somebody else had approved already; take it away and react again",
    "paused": "fixes were paused; after `@rootver resume` take it away and react again",
    "audit_fault": "the audit had failed its check; once it is repaired take it away and react again",
    "another_bot": "another bot was connected; once it is gone take it away and react again",
    "older_copy": "the audit's file was an older copy",
    "expired": "it came too late",
    "too_late": "it came too late",
    "spent": "that approval no longer held; take it away and react again",
}

NOT_CHECKED: Mapping[str, str] = {
    "node": "the whole node",
    "system": "the operating system",
    "root_ver": "RootVer",
    "aspnet_versions": "the registered ASP.NET versions",
    "frameworks": "the installed .NET Frameworks",
    "exchange": "Exchange",
    "services": "the services",
    "cluster": "the cluster's resources",
    "events": "the events, or not all of them",
    "aspnet_account": "the ASPNET account",
    "former_domain_controller": "traces of a former domain controller",
    "write_access": "write access",
    "store_databases": "store mount state (not readable remotely)",
}


def meant(names: Mapping[str, str], name: str) -> str:
    """The words for a name; one that is not listed yet is read as it is written."""
    return names.get(name) or plain(name.replace("_", " "))


def who_paused(by: str) -> str:
    """Who stopped fixes: a person, or the bot itself, because the audit's file is not as it was written."""
    return "the bot (the audit's file is not as it was written)" if by == "bot" else mention(by)
