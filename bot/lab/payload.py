"""What passes between the parts of the lab: JSON objects, as the wire has them."""

from __future__ import annotations

from typing import Any

Payload = dict[str, Any]
