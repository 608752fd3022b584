"""[hosts.NAME] and [hosts.NAME.change]: the options of `handlers.host_options`, as settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, get_type_hints

from pydantic import AfterValidator, Field, SecretStr, create_model

from bot.settings import single_values
from bot.settings.sections import Seconds, Section
from handlers.host_options import HostOptions

SECRETS = ("password", "certificate_key_password", "proxy")  # a proxy's address may hold a password
SECRET_FILES = tuple(f"{name}_file" for name in SECRETS)  # read before validation (`secrets`)
PATHS = ("certificate_pem", "certificate_key_pem", "cert_validation")

_TYPES: Mapping[str, Any] = {
    "port": Annotated[int, Field(ge=1, le=65535)] | None,
    "username": Annotated[str, AfterValidator(single_values.one_line)] | None,
    **dict.fromkeys(SECRETS, SecretStr | None),
}
_EXAMPLES: Mapping[str, Any] = {
    "server": "mgmt1.corp.example",
    "port": 5986,
    "username": "CORP\\rootver",
    "cert_validation": "corporate-ca.pem",
    "configuration_name": "RootVerQuery",
}


def _keys() -> dict[str, Any]:
    hints = get_type_hints(HostOptions)
    options = [one for one in dataclasses.fields(HostOptions) if one.name != "change"]
    hints |= {name: Seconds for name, kind in hints.items() if kind is float}
    keys: dict[str, Any] = {one.name: (_TYPES.get(one.name, hints[one.name]), _field(one)) for one in options}
    return keys | dict.fromkeys(SECRET_FILES, (str | None, None))


def _field(option: dataclasses.Field[Any]) -> Any:
    default = ... if option.default is dataclasses.MISSING else option.default
    example = _EXAMPLES.get(option.name, option.default)
    return Field(default, examples=None if example is None else [example])


# What a change identity does not name is taken from its host: nothing of it is required.
Change: Any = create_model(
    "Change", __base__=Section, __doc__="[hosts.NAME.change].", **(_keys() | {"server": (str, "")})
)
Host: Any = create_model(
    "Host", __base__=Section, __doc__="[hosts.NAME].", **(_keys() | {"change": (Change | None, None)})
)


def options(host: Any) -> HostOptions:
    """A validated host section as the options that are used."""
    own = _given(host)
    if host.change is None:
        return HostOptions(**own)
    inherited, named = own.copy(), _given(host.change)
    if "username" in named:  # another account: the first one's password is not its password
        inherited.pop("password", None)
    return HostOptions(**own, change=HostOptions(**(inherited | named)))


def _given(section: Section) -> dict[str, Any]:
    """What stands in the settings, secrets in clear."""
    given = {name: getattr(section, name) for name in section.model_fields_set - {"change", *SECRET_FILES}}
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in given.items()
    }
