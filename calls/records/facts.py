"""The facts of an event as text, whatever a tool or a provider put into them."""

import json
import math
from collections.abc import Mapping
from typing import Any

# One event's facts; a tool may return a whole page.
FACTS_AT_MOST = 65_536
_SHORT = 500


def as_json(facts: Mapping[str, Any]) -> str:
    """JSON that every database and every reader takes. What is too long is cut, and says so."""
    try:
        text = _dumped(facts)
    except (ValueError, TypeError, RecursionError) as error:
        return json.dumps({"unwritable": repr(error)[:_SHORT]})
    if len(text) <= FACTS_AT_MOST:
        return text
    return _dumped({"cut": len(text), **{name: _short(value) for name, value in facts.items()}})


def _dumped(facts: Mapping[str, Any]) -> str:
    text = json.dumps(_finite(facts), ensure_ascii=False, default=str, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()


def _finite(value: Any) -> Any:
    """The value without what JSON or a database does not have: infinities, odd keys, NUL."""
    match value:
        case str():
            return value.replace("\0", "")
        case float() if not math.isfinite(value):
            return None
        case Mapping():
            return {str(name): _finite(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_finite(inner) for inner in value]
        case _:
            return value


def _short(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:_SHORT]
