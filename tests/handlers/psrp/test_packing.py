"""Packing a pipeline is quicker than pypsrp's way, and gives the same bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypsrp.complex_objects import (
    ApartmentState,
    Command,
    CommandParameter,
    HostInfo,
    Pipeline,
    RemoteStreamOptions,
)
from pypsrp.messages import CreatePipeline
from pypsrp.powershell import Fragmenter
from pypsrp.serializer import Serializer

from handlers.psrp.forms import MARK
from handlers.psrp.packing import RememberingSerializer
from handlers.psrp.remote import module_text

POOL, PIPELINE = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
REMEMBERING = RememberingSerializer()
HOSTILE = [
    "",
    MARK,
    f"a{MARK}b",
    "]]>",
    '&lt;<S N="V">',
    "EXCH-NODE2\n_x0041_\U0001f600",
    "\ud83d",
    "'; calc",
]

Values = dict[str, object]


def packed(
    serializer: Serializer, values: Values, *, module: str | None = None, version: str = "2.3"
) -> list[bytes]:
    """The fragments of a pipeline with these parameters, with or without a module's text before it."""
    arguments = [CommandParameter(name=name, value=value) for name, value in values.items()]
    commands = [Command("Get-RootVerFact", version, is_script=False, args=arguments)]
    if module is not None:
        script = Command(
            module, version, is_script=True, use_local_scope=False, end_of_statement=True, args=[]
        )
        commands.insert(0, script)
    pipeline = Pipeline(is_nested=False, cmds=commands, history=None, redirect_err_to_out=False)
    message = CreatePipeline(
        True, ApartmentState(value=2), RemoteStreamOptions(value=15), False, HostInfo(host=None), pipeline
    )  # fmt: skip
    fragments = list(Fragmenter(380_000, serializer).fragment(message, POOL, PIPELINE))
    assert [one.value for one in arguments] == list(values.values())
    return fragments


@pytest.mark.parametrize("version", ["2.1", "2.3"])
@pytest.mark.parametrize("with_module", [False, True])
def test_the_bytes_are_those_of_pypsrp(version: str, with_module: bool) -> None:
    """With each version of the protocol, and also the second time, when the form is remembered."""
    module = module_text() if with_module else None
    for node in ("EXCH-NODE1", "EXCH-NODE2"):
        values: Values = {"ComputerName": node, "EventHours": 72}
        ours = packed(REMEMBERING, values, module=module, version=version)
        assert ours == packed(Serializer(), values, module=module, version=version)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["A", "B", "C"]),
        st.text() | st.sampled_from(HOSTILE) | st.integers(0, 9) | st.booleans(),
    )
)
def test_whatever_the_parameters_are_the_bytes_are_those_of_pypsrp(values: Values) -> None:
    """Hostile texts, empty ones, the mark itself, texts and numbers under the same name."""
    assert packed(REMEMBERING, values) == packed(Serializer(), values)


def test_a_list_is_left_to_pypsrp() -> None:
    """The self-check asks for several nodes at once."""
    values: Values = {"ComputerName": ["EXCH-NODE1", "EXCH-NODE2"]}
    assert packed(REMEMBERING, values) == packed(Serializer(), values)


def test_a_switch_is_left_to_pypsrp() -> None:
    """A parameter without a value."""
    values: Values = {"ComputerName": "EXCH-NODE1", "Force": None}
    assert packed(REMEMBERING, values) == packed(Serializer(), values)


def test_another_text_of_the_module_is_another_form() -> None:
    """Nothing of one module is sent for the other."""
    for module in ("function A { }", "function B { }"):
        values: Values = {"ComputerName": "EXCH-NODE1"}
        assert packed(REMEMBERING, values, module=module) == packed(Serializer(), values, module=module)


def test_the_module_and_a_command_fit_into_one_exchange() -> None:
    """One fragment of at most what WinRM takes in a Command (500 KB, three quarters of it after base64)."""
    assert len(packed(REMEMBERING, {"ComputerName": "EXCH-NODE2"}, module=module_text())) == 1
