"""Whether a secret is found in what was kept, whatever it is written like."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from secrets_said import ONES, TEENS, TENS, Secret

_VALUES = {name: value for value, name in enumerate(ONES)} | {"oh": 0, "o": 0, "nought": 0}
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
    return address in text or _has_address(address, _tight(text))


def _tight(text: str) -> str:
    """Addresses without anything between their parts, "at" and "dot" as signs."""
    said = re.sub(r"\b(underscore)\b", "_", re.sub(r"\b(dash|hyphen)\b", "-", text))
    said = re.sub(r"\b(dot|period)\b", ".", re.sub(r"\bat\b", "@", said))
    return re.sub(r"[^\w@.-]+", "", said)


def _has_address(address: str, tight: str) -> bool:
    local, _, domain = address.partition("@")
    return address in tight or f"@{domain}" in tight or f"{local}@" in tight


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


_NUMBER_WORD = "|".join((*_VALUES, *TEENS, *TENS, "double", "triple", "uh", "um", "then", "and"))
_NUMBER = rf"(?:\d+|(?:{_NUMBER_WORD})(?![a-z]))"
# Digits with no more between them than somebody puts between the digits of one number.
_RUN = re.compile(rf"{_NUMBER}(?:[^a-z0-9]{{0,4}}{_NUMBER})+")
# Shorter ones are found by chance: in times, counts and sizes.
_FEWEST_FIGURES = 7
# In binary files a letter may stand right behind a text, which belongs to no word.
_NOT_BY_CHANCE = 10


@dataclass(frozen=True)
class Content:
    """Bytes of whatever kind, made ready to be searched for many secrets."""

    text: str
    addresses: str
    runs: tuple[str, ...]

    @classmethod
    def of(cls, content: bytes) -> "Content":
        """Letters that JSON or a protocol escapes are in none of the secrets."""
        text = content.decode("latin-1").lower()
        runs = [digits for run in _RUN.finditer(text) for digits in _read(run.group())]
        return cls(text, _tight(text), tuple(run for run in runs if len(run) >= _FEWEST_FIGURES))

    def hold(self, secret: Secret) -> bool:
        """Whether the secret is in there in one piece: as it was given, in figures or in words.

        Of a number that was given in pieces, each piece counts.
        """
        if secret.kind == "email":
            return _has_address(secret.value, self.addresses) or secret.value in self.text
        if any(map(self._has, (*secret.pieces, *secret.never))):
            return True
        digits = secret.value.replace("-", "")
        return any(digits in run for run in self.runs)

    def _has(self, piece: str) -> bool:
        figures = sum(character.isdigit() for character in piece)
        if figures == len(piece) < _FEWEST_FIGURES or len(piece.split()) < 2 > figures:
            return False
        piece = piece.lower().encode().decode("latin-1")
        if len(piece) >= _NOT_BY_CHANCE:
            return piece in self.text
        within = rf"(?<!\w){re.escape(piece)}(?!\w)"
        return piece in self.text and re.search(within, self.text) is not None
