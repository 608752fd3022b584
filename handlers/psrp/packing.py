"""Packing a pipeline without doing the same work again: byte for byte what pypsrp makes, for less time.

Between two of our pipelines only the texts of parameters differ. So pypsrp writes the message once, with
marks in their places, and from then on it is filled in: 0.1 ms instead of 0.6 for a command alone, 0.2
instead of 8 with the module's text (measured). Packing holds the interpreter's lock, and all workers wait.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from pypsrp.complex_objects import Command, CommandParameter
from pypsrp.messages import CreatePipeline
from pypsrp.powershell import RunspacePool
from pypsrp.serializer import Serializer

from handlers.psrp.forms import MARK, Form

_forms: dict[Hashable, Form] = {}  # of the whole process; as many as there are kinds of pipelines


class RememberingSerializer(Serializer):
    """A serializer that fills in a message CREATE_PIPELINE (MS-PSRP 2.2.2.10) instead of writing it anew."""

    def serialize(self, value: Any, metadata: Any = None, parent: Any = None, clear: bool = True) -> Any:
        """What pypsrp's serializer gives, or the finished bytes: `Message.pack` takes both."""
        if isinstance(value, CreatePipeline):
            commands: list[Command] = value.pipeline.commands  # type: ignore[union-attr, assignment]
            arguments: list[CommandParameter] = [one for command in commands for one in command.args]
            if all(_can_be_filled_in(one.value) for one in arguments):
                texts = [one for one in arguments if isinstance(one.value, str)]
                return self._filled(value, _form(commands), texts)
        return super().serialize(value, metadata, parent, clear)

    def _deserialize_string(self, value: str | None) -> str:
        """What pypsrp's gives, without two copies in UTF-16 of a text that has nothing escaped."""
        if value is not None and "_x" not in value:
            return value
        text: str = super()._deserialize_string(value)
        return text

    def _filled(self, message: CreatePipeline, form: Hashable, texts: list[CommandParameter]) -> bytes:
        if form not in _forms:
            _forms[form] = self._written(message, texts)
        return _forms[form].filled_in(self._escaped(one.value) for one in texts)

    def _written(self, message: CreatePipeline, texts: list[CommandParameter]) -> Form:
        given = [one.value for one in texts]
        for one in texts:
            one.value = MARK
        try:
            element: Any = super().serialize(message)
        finally:
            for one, value in zip(texts, given, strict=True):
                one.value = value
        return Form(ET.tostring(element, encoding="utf-8", method="xml"))

    def _escaped(self, text: str) -> bytes:
        """First as PSRP does (MS-PSRP 2.2.5.3.2), then as XML does."""
        return escape(self._serialize_string(text) or "").encode("utf-8", "xmlcharrefreplace")


def _can_be_filled_in(value: object) -> bool:
    """Not a list, nor an empty text, which becomes another element; what else we send can."""
    return isinstance(value, int) or (isinstance(value, str) and value != "" and MARK not in value)


def _form(commands: list[Command]) -> Hashable:
    """Everything of a pipeline but the texts of parameters. (Whatever else it might have, we never set.)"""
    return tuple(
        (
            command.cmd, command.protocol_version, command.is_script, command.use_local_scope,
            command.end_of_statement, *map(_form_of_parameter, command.args),
        )
        for command in commands
    )  # fmt: skip


def _form_of_parameter(parameter: CommandParameter) -> Hashable:
    value = parameter.value
    return parameter.name, type(value), None if isinstance(value, str) else value


def remember_forms(pool: RunspacePool) -> None:
    """Give a pool that has not been opened yet the remembering serializer."""
    pool._serializer = pool._fragmenter.serializer = RememberingSerializer()
