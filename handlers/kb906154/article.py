"""KB 906154 and what is known around it, as data: names, numbers and tables with their sources.

"KB 906154, Symptoms" and the like name a section of the article (revision 1.3). Other sources are named too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

# --- RootVer (KB 906154, Resolution) ---

ASPNET_KEY = "HKLM\\SOFTWARE\\Microsoft\\ASP.NET"
TARGET = "1.1.4322.0"
TARGET_KIND = "REG_SZ"
# The one documented bad value: ASP.NET set-up failed silently (Exchange Best Practices Analyzer, "RootVer").
ZERO = "0.0.0.0"  # noqa: S104 - a version, no address
# `NET Framework Setup\NDP\v1.1.4322`, Install = 1 (KB 318785).
DOTNET_11 = "v1.1.4322"

# --- Where the article applies ---

EXCHANGE_2003 = ("6", "5")  # KB 906154, Applies to: Exchange Server 2003, whose store.exe is 6.5
WINDOWS_2000 = ("5", "0")  # KB 906154, Applies to
WINDOWS_2003 = ("5", "2")  # not in the article's list; the Best Practices Analyzer does not limit it to 2000
DOMAIN_CONTROLLER_ROLES = (4, 5)  # Win32_ComputerSystem.DomainRole: backup and primary domain controller

# --- Cluster resources and services ---

SYSTEM_ATTENDANT = "Microsoft Exchange System Attendant"
INFORMATION_STORE = "Microsoft Exchange Information Store"
POP3_INSTANCE = "Microsoft Exchange POP3 Server Instance"
IMAP4_INSTANCE = "Microsoft Exchange IMAP4 Server Instance"

ATTENDANT_SERVICE = "MSExchangeSA"
STORE_SERVICE = "MSExchangeIS"
IIS_SERVICES = ("IISADMIN", "W3SVC")  # the attendant depends on IIS Admin (KB 885440)
POP3_SERVICE = "POP3Svc"
IMAP4_SERVICE = "IMAP4Svc"
CLUSTER_SERVICE = "ClusSvc"  # HKLM\Cluster is loaded while it runs (known, documented nowhere)
REMOTE_REGISTRY = "RemoteRegistry"  # the System Attendant depends on it (KB 870918)

# The mail protocols' services and the type of their cluster resources.
PROTOCOLS = {POP3_SERVICE: POP3_INSTANCE, IMAP4_SERVICE: IMAP4_INSTANCE}

# What is down with the attendant; a resource of another type that Failed is a cause and not a consequence.
MAIL_TYPES = (SYSTEM_ATTENDANT, INFORMATION_STORE, POP3_INSTANCE, IMAP4_INSTANCE)
GROUND_TYPES = ("Physical Disk", "Network Name", "IP Address")  # what a group stands on: named first

# --- Error codes ---

UNKNOWN_INTERFACE = "0x800706b5"  # RPC_S_UNKNOWN_IF (KB 906154, Symptoms)
TOPOLOGY_TIMEOUT = "0x80040a01"  # KB 906154, Symptoms; its meaning: KB 318431
NO_SUITABLE_CONTROLLER = "0x80040a02"  # KB 919089
GENERAL_FAILURE = "0x80004005"
NO_SITE_NAME = "0x8007077f"  # ERROR_NO_SITENAME: the computer is in no Active Directory site
METABASE_PROTOCOL = "0x800cc800"  # KB 819865
NO_CRYPTO_KEY = "0x8009000f"  # KB 329033

# --- Events ---


@dataclass(frozen=True, slots=True)
class EventPattern:
    """An event by source and id and, where it takes one, by code. Never by prose, which is localised.

    `other_than`: it takes a code that is none of these.
    """

    source: str
    id: int
    code: str | None = None
    other_than: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SymptomPattern:
    """An event of the article's list and how much it says.

    A strong one says that an outage is of the article's kind; of these only a telling one, which the metabase
    update itself logs, speaks for RootVer as its cause. `of_attendant`: strong where the resource that it
    names is a System Attendant, else weak; any resource that fails logs it.
    """

    number: str
    event: EventPattern
    weight: Literal["weak", "telling", "of_attendant"] = "weak"


# KB 906154, Symptoms, in the article's order. E1 is also logged for the offline address book; E4, E5 and E8
# follow from any failed start: weak.
SYMPTOMS = (
    SymptomPattern("E1", EventPattern("MSExchangeSA", 1031)),
    SymptomPattern("E2", EventPattern("MSExchangeMU", 1043, UNKNOWN_INTERFACE), "telling"),
    SymptomPattern("E3", EventPattern("MSExchangeMU", 1042, TOPOLOGY_TIMEOUT), "telling"),
    SymptomPattern("E4", EventPattern("POP3SVC", 1036, TOPOLOGY_TIMEOUT)),
    SymptomPattern("E5", EventPattern("IMAP4SVC", 1036, TOPOLOGY_TIMEOUT)),
    SymptomPattern("E6", EventPattern("MSExchangeCluster", 1019), "of_attendant"),
    SymptomPattern("E7", EventPattern("MSExchangeCluster", 1003), "of_attendant"),
    SymptomPattern("E8", EventPattern("MSExchangeCluster", 1012)),
)

# Traces of missing permissions (KB 919089, KB 321318; KB 906154, More information, names the cause only).
# 2102 and 2103 are none: domain controllers that do not answer log them (KB 322801).
PERMISSION_EVENTS = (
    EventPattern("MSExchangeDSAccess", 2112),
    EventPattern("MSExchangeDSAccess", 2114, NO_SUITABLE_CONTROLLER),
    EventPattern("MSExchangeIS", 9518, GENERAL_FAILURE),
    EventPattern("MSExchangeIS", 9519, GENERAL_FAILURE),
)

# --- Verdicts ---

VerdictId: TypeAlias = Literal[
    "inconclusive", "refused", "out_of_scope",
    "rootver_invalid", "rootver_invalid_undocumented",
    "rootver_invalid_ambiguous", "rootver_invalid_would_dangle",
    "aspnet_not_registered", "rootver_differs",
    "aspnet_account_missing", "permissions_suspected", "remote_registry_stopped",
    "other_cause", "services_down", "healthy",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """A row of the decision table: what it is called, what to do whatever was seen, where that is from."""

    id: VerdictId
    title: str
    advice: tuple[str, ...]
    reference: str


_REPAIR_11 = (
    "Look at what is registered: `aspnet_regiis -lv`, in the folder of .NET Framework 1.1.",
    "Repair .NET Framework 1.1 or register it again (`aspnet_regiis -i` of version 1.1, which also updates "
    "the script maps), then diagnose again.",
)
_TREATS_A_SYMPTOM = "The edit treats a symptom: set-up or `aspnet_regiis` can move the value again."

# In the order of the decision table: the index is the row.
VERDICTS = (
    Verdict(
        "inconclusive",
        "could not tell",
        ("Diagnose again once that can be read.",),
        "KB 906154",
    ),
    Verdict(
        "refused",
        "not a node that can be judged",
        ("Name a node of the settings: `nodes` lists them.",),
        "inventory",
    ),
    Verdict(
        "out_of_scope",
        "KB 906154 does not apply",
        ("The article is about Exchange Server 2003 on a Windows 2000 or Windows Server 2003 cluster.",),
        "KB 906154, Applies to",
    ),
    Verdict("rootver_invalid", "RootVer is invalid", (_TREATS_A_SYMPTOM,), "KB 906154, Resolution"),
    Verdict(
        "rootver_invalid_undocumented",
        "RootVer is invalid, in a form documented nowhere",
        (
            f"Only {ZERO} is documented as invalid; this form is judged by what programs can do with it.",
            _TREATS_A_SYMPTOM,
        ),
        "KB 906154, Resolution",
    ),
    Verdict(
        "rootver_invalid_ambiguous",
        "RootVer is invalid, and the right one is not known",
        (
            "Find out which version the IIS root uses (`aspnet_regiis -lk` lists the script maps).",
            f"Set RootVer by hand to that version; {TARGET} is right only where it is version 1.1.",
        ),
        "KB 906154, Resolution",
    ),
    Verdict(
        "rootver_invalid_would_dangle",
        "RootVer is invalid, and .NET 1.1 does not run here",
        (*_REPAIR_11, f"{TARGET} would name a version that is not there: it is not offered."),
        "KB 906154, Resolution",
    ),
    Verdict(
        "aspnet_not_registered",
        "ASP.NET is not registered at all",
        (*_REPAIR_11, f"The key {ASPNET_KEY} is missing, and a value alone would not help."),
        "KB 906154, Resolution",
    ),
    Verdict(
        "rootver_differs",
        "RootVer names another version that runs",
        (
            "That is coherent, and the article says nothing of it. Look for another cause, or ask who moved "
            "ASP.NET to that version.",
        ),
        "KB 906154, Cause",
    ),
    Verdict(
        "aspnet_account_missing",
        "the ASPNET account is missing",
        ("Reinstall Exchange Server 2003 on this node, as the article says for a former domain controller.",),
        "KB 906154, More information",
    ),
    Verdict(
        "permissions_suspected",
        "permissions are suspected",
        (
            "Run `policytest` from the Exchange CD.",
            "Run `setup /domainprep` of Exchange Server 2003 (KB 321318, KB 919089).",
        ),
        "KB 906154, More information",
    ),
    Verdict(
        "remote_registry_stopped",
        "Remote Registry does not run",
        ("Start the Remote Registry service: the System Attendant depends on it (KB 870918).",),
        "KB 870918",
    ),
    Verdict(
        "other_cause",
        "the article's symptoms, but RootVer is in order",
        ("Look into the Application log for what was logged first, and into Cluster Administrator.",),
        "KB 318431, KB 327401",
    ),
    Verdict(
        "services_down",
        "services are down, but RootVer is in order",
        ("Look into the Application log and Cluster Administrator.",),
        "KB 906154, Symptoms",
    ),
    Verdict("healthy", "OK", (), "KB 906154"),
)

# The same by id.
VERDICT: dict[VerdictId, Verdict] = {verdict.id: verdict for verdict in VERDICTS}
