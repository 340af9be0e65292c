"""Redaction of an event's facts, however deep they are nested."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

RedactText = Callable[[str, str, str], str]
"""From who speaks, the words and the kind of event to what is kept of the words."""

# Events without a word of anybody's.
_WORDLESS = frozenset("consent cost csat dead_air end interruption recording usage".split())
# Names and measurements of our own. What a tool was told or answered is none of them.
_OURS = frozenset(
    "bot bot_version by call_id caller caller_key channel direction how id kind model name outcome"
    " outstanding path provider providers reason sid stage step stream_sid taken_for title verdict"
    " version voice went_to who".split()
)
# In an event of this kind the key tells which kind of aside it was, elsewhere it holds words.
_ALSO_OURS = {"heard": frozenset({"said"})}
_FROM_OUTSIDE = frozenset({"arguments", "result"})
_BOT_SAYS = frozenset({"unheard", "silence_bound", "outcome"})
# A key's name tells what is under it, whatever that looks like.
_KEYS = (
    ("[card]", re.compile(r"(^|_)(card|pan|cvv|cvc|cvn|expiry|expiration)(_|$)|card_?n")),
    ("[email]", re.compile(r"e_?mail")),
    ("[phone]", re.compile(r"phone|(^|_)(tel|mobile|cell|fax|msisdn|callback)(_|$)")),
    ("[date of birth]", re.compile(r"birth|(^|_)(dob|born)(_|$)")),
    (
        "[id]",
        re.compile(
            r"(^|_)(ssn|sin|iban|pin|nino|bsn|passport|password|secret|pesel|aadhaar|routing)(_|$)"
            r"|social_?sec|licen[cs]e|national_?(id|insurance)|tax_?(id|n)|id_?card"
            r"|account_?(n|id)"
        ),
    ),
)
_AMOUNT_KEY = re.compile(
    r"(^|_)(amounts?|prices?|costs?|totals?|counts?|quantit(y|ies)|cents)(_|$)|_(ms|s|hz)$"
)
# In JSON that was cut off, or has words around it.
_FIELD = re.compile(
    r"""["'](?P<key>[\w -]{1,40})["']\s?:\s?(?:"[^"]{0,500}"?|'[^']{0,500}'?|-?[\d.]+)"""
)
_FEWEST_DIGITS = 4
_LEFT_OUT = "[left out]"
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def redacted_facts(kind: str, facts: Mapping[str, Any], text: RedactText) -> dict[str, Any]:
    """What is kept of an event's facts under "redacted"."""
    if kind in _WORDLESS:
        return dict(facts)
    who = "tool" if kind == "tool" else str(facts.get("who") or _speaker(kind))
    ours = _OURS | _ALSO_OURS.get(kind, frozenset())

    def said(words: str) -> str:
        return text(who, words, kind)

    return {
        key: _deep(key, value, said) if key in _FROM_OUTSIDE else _own(key, value, ours, said)
        for key, value in facts.items()
    }


def without_words(kind: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an event's facts under "metadata only"."""
    if kind in _WORDLESS:
        return dict(facts)
    ours = _OURS | _ALSO_OURS.get(kind, frozenset())
    kept = {
        key: None if key in _FROM_OUTSIDE else _own(key, value, ours, lambda _: "")
        for key, value in facts.items()
    }
    if facts.get("error"):
        kept["error"] = _LEFT_OUT  # that there was one is to be counted
    return kept


def _speaker(kind: str) -> str:
    return "bot" if kind in _BOT_SAYS else "caller"


def _own(key: str, value: Any, ours: frozenset[str], text: Callable[[str], str]) -> Any:
    """Of our own events: numbers are measurements, and some keys are no words."""
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {name: _own(str(name), each, ours, text) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_own(key, each, ours, text) for each in value]
    return value if key in ours or key.endswith("_utc") else text(str(value))


def _deep(key: str, value: Any, text: Callable[[str], str], mask: str = "") -> Any:
    """Of values from outside: keys tell what they hold, and numbers may be somebody's."""
    mask = mask or _mask_of(key)
    match value:
        case None | bool() | "":
            return value
        case Mapping():
            return {
                text(str(name)): _deep(str(name), each, text, mask) for name, each in value.items()
            }
        case list() | tuple() if not mask and _is_digits(value):
            # One by one they tell nothing.
            whole = " ".join(map(str, value))
            kept = text(whole)
            return list(value) if kept == whole else [kept]
        case list() | tuple() | set() | frozenset():
            return [_deep(key, each, text, mask) for each in value]
        case _ if mask:
            return mask
        case int() | float():
            kept = str(value) if _AMOUNT_KEY.search(_name(key)) else text(str(value))
            return value if kept == str(value) else kept
    words = str(value)
    if words[0] in "{[" and (inner := _json(words)) is not None:
        return json.dumps(_deep(key, inner, text), ensure_ascii=False)
    return text(_FIELD.sub(_masked_field, words))


def _is_digits(values: Sequence[Any]) -> bool:
    """Whether it is a number, digit by digit."""
    return len(values) >= _FEWEST_DIGITS and all(
        isinstance(each, int | str) and re.fullmatch(r"\d", str(each)) for each in values
    )


def _masked_field(field: re.Match[str]) -> str:
    mask = _mask_of(field["key"])
    return f'"{field["key"]}": "{mask}"' if mask else field.group()


def _mask_of(key: str) -> str:
    name = _name(key)
    return next((mask for mask, pattern in _KEYS if pattern.search(name)), "")


def _name(key: str) -> str:
    """The key's words in lower case, with one sign in between."""
    return _CAMEL.sub("_", key).lower().replace("-", "_").replace(" ", "_")


def _json(words: str) -> Any:
    try:
        return json.loads(words)
    except ValueError:
        return None
