"""From the errors of Kerberos, bare or inside GSSAPI's, to a kind of failure: by their numbers."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec

import spnego
from spnego.exceptions import CredentialsExpiredError, NoCredentialError

from handlers.host_options import HostOptions
from handlers.psrp.failures import Failure
from handlers.psrp.kinds_of_failure import told

_TABLE = -1765328384
"""ERROR_TABLE_BASE_krb5 of MIT's krb5.h: the numbers behind it are those of RFC 4120, 7.5.9."""

_UNKNOWN = 6  # KDC_ERR_C_PRINCIPAL_UNKNOWN
_COUNTED = (1, 12, 18, 21, 23, 24, 31)
"""The KDC knows the account and does not let it in: NAME_EXP, POLICY, CLIENT_REVOKED, CLIENT_NOTYET,
KEY_EXPIRED, PREAUTH_FAILED; AP_ERR_BAD_INTEGRITY is a wrong password without pre-authentication."""

_EXPIRED = 32  # KRB_AP_ERR_TKT_EXPIRED


def kerberos_failure(error: Exception, options: HostOptions) -> Failure | None:
    """What Kerberos says; None: it is not Kerberos that failed."""
    number = _number(error)
    expired = isinstance(error, CredentialsExpiredError) and not options.password
    if expired or number == _EXPIRED or isinstance(error, NoCredentialError):
        return told("no ticket", options, type(error).__name__, _words(error))
    if number is None:
        return None
    kind = "logon refused" if number in (_UNKNOWN, *_COUNTED) else "Kerberos failed"
    return told(kind, options, f"Kerberos {number}", _words(error))


@cache
def may_ask_a_kdc(provider: str) -> bool:
    """Whether a logon of pypsrp's provider may ask a KDC, which counts refusals as the host does."""
    return provider == "kerberos" or (provider == "negotiate" and find_spec("gssapi") is not None)


def leaves_ntlm_only(options: HostOptions) -> bool:
    """Whether Kerberos cannot be used with this user and password. Raises its error where they are refused.

    With `auth = "negotiate"` pyspnego goes on with NTLM even then, and a wrong password would count twice.
    """
    if not options.password or not may_ask_a_kdc(options.auth):
        return False
    try:
        spnego.client(options.username, options.password, protocol="kerberos")
    except Exception as error:
        if _number(error) in _COUNTED:
            raise
        return True
    return False


def _number(error: Exception) -> int | None:
    """Its place in Kerberos's table. The number is signed in krb5's own errors, and not in GSSAPI's."""
    base = getattr(error, "base_error", None)
    code = getattr(error, "err_code", None) or getattr(base, "min_code", None)
    if not isinstance(code, int):
        return None
    number = (code & 0xFFFFFFFF) - (_TABLE & 0xFFFFFFFF)
    return number if 0 <= number < 256 else None  # as many as a table of com_err holds


def _words(error: Exception) -> str:
    """Without the numbers around it."""
    base = getattr(error, "base_error", None)
    found = re.search(r"Minor \(\d+\): (.+)", str(base))
    return found[1] if found else re.sub(r" -\d+$", "", str(error))
