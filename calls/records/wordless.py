"""An event without what was said in it: what is left when transcripts are too old."""

from collections.abc import Mapping
from typing import Any

# Facts that are names of ours or of providers, by whatever event they belong to.
_NAMES = frozenset(
    {
        *("bot", "bot_version", "channel", "direction", "caller", "caller_key", "providers"),
        *("who", "said", "stage", "provider", "model", "how", "went_to", "name", "title"),
        *("reason", "by", "outcome", "why", "currency", "prices", "price", "parts", "used"),
        *("amount", "unpriced", "step", "outstanding", "taken_for", "tools", "failures"),
        *("path", "format", "codec", "unwritable"),
    }
)
# These hold words in spite of their name.
_WORDS = {"turn": {"said"}, "tool": {"result", "arguments"}}


def without_words(kind: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of an event but for texts that are not known to be names."""
    words = _WORDS.get(kind, set())
    return {
        name: _left(value)
        for name, value in facts.items()
        if name not in words and (name in _NAMES or _is_wordless(value))
    }


def _left(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_words("", value)
    if isinstance(value, list):
        return [_left(inner) for inner in value]
    return value


def _is_wordless(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float)
