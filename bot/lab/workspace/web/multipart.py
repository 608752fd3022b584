"""Forms of several parts (RFC 7578), as the public SDKs send files and sometimes arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BOUNDARY = re.compile(r"multipart/form-data.*boundary=\"?([^\";]+)", re.IGNORECASE)
_NAME = re.compile(rb'name="([^"]*)"')


def parts(body: bytes, content_type: str) -> dict[str, bytes] | None:
    """Name of a part → its bytes, in order; None: it is no such form."""
    found = _BOUNDARY.match(content_type)
    return dict(_parts(body, b"--" + found[1].encode())) if found else None


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[str, bytes]]:
    for part in body.split(boundary)[1:]:
        head, end, data = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if end and name:
            yield name[1].decode(errors="replace"), data.removesuffix(b"\r\n")
