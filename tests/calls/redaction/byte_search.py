"""Whether a secret is found in what was kept, whatever it is written like."""

import json
import re
from collections.abc import Iterable
from typing import Any

from secrets_said import ONES, TEENS, TENS, Secret

_VALUES = {name: value for value, name in enumerate(ONES)} | {"oh": 0, "o": 0}
_WORD = re.compile(r"[a-z]+|\d+")
# A part of a number that is worth something; two digits may be seen, two more by chance.
LONGEST_PART = 5


def bytes_of(kept: Iterable[Any]) -> str:
    """Everything that was kept, as it would lie in a file."""
    return "\n".join(json.dumps(each, ensure_ascii=False, default=str) for each in kept)


def is_found(secret: Secret, kept: Iterable[Any], *, in_parts: bool = True) -> bool:
    """Whether it can be read from what was kept, also from several places in a row.

    Parameters:
        in_parts: Whether a few of a number's digits count, where everything is kept once.
    """
    text = bytes_of(kept).lower()
    if any(re.search(rf"(?<!\w){re.escape(each.lower())}(?!\w)", text) for each in secret.never):
        return True
    if secret.kind == "email":
        return _email_found(secret.value, text)
    digits = secret.value.replace("-", "")
    length = min(LONGEST_PART, len(digits)) if in_parts else len(digits)
    parts = {digits[at : at + length] for at in range(len(digits) - length + 1)}
    return any(part in read for read in _read(text) for part in parts)


def _email_found(address: str, text: str) -> bool:
    said = re.sub(r"\b(underscore)\b", "_", re.sub(r"\b(dash|hyphen)\b", "-", text))
    said = re.sub(r"\bdot\b", ".", re.sub(r"\bat\b", "@", said))
    tight = re.sub(r"[^\w@.-]", "", said)
    local, _, domain = address.partition("@")
    return address in text or address in tight or f"@{domain}" in tight or f"{local}@" in tight


def _read(text: str) -> list[str]:
    """All digits one after the other, with "twenty one" read as 21 and as 201."""
    return [_digits(text, tens_alone) for tens_alone in (False, True)]


def _digits(text: str, tens_alone: bool) -> str:
    digits, words, at = "", _WORD.findall(text), 0
    while at < len(words):
        word = words[at]
        following = words[at + 1] if at + 1 < len(words) else ""
        at += 1
        if word.isdigit():
            digits += word
        elif word in ("double", "triple") and following in _VALUES:
            digits += str(_VALUES[following]) * (2 if word == "double" else 3)
            at += 1
        elif word in TENS:
            ten = str(TENS.index(word) + 2)
            if not tens_alone and _VALUES.get(following, 0) > 0:
                digits, at = digits + ten + str(_VALUES[following]), at + 1
            else:
                digits += ten + "0"
        elif word in TEENS:
            digits += str(TEENS.index(word) + 10)
        elif word in _VALUES:
            digits += str(_VALUES[word])
    return digits
