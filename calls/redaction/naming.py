"""What a long number is: a card, a telephone, somebody's id."""

import re
from collections.abc import Iterable
from types import ModuleType

import phonenumbers
from stdnum import iban, luhn
from stdnum.au import tfn
from stdnum.be import nn as be_nn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ch_ssn
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.ie import pps
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.tr import tckimlik

_CARD_DIGITS = range(13, 20)
# Longer rows are looked at no further.
_LONGEST = 60
# Where a national number is looked for when it comes without its country.
_REGIONS = ("US", "GB", "DE", "FR", "IT", "ES", "NL", "AU", "IN")
# National ids whose check digits can be tried: of figures only, and with letters.
_OF_FIGURES = (
    sin, nhs, bsn, idnr, nir, be_nn, cpf, aadhaar, tfn, ch_ssn, personnummer, pesel, fodselsnummer,
    tckimlik,
)  # fmt: skip
_WITH_LETTERS = (dni, nie, codicefiscale, pps, curp, nir)
_SSN = re.compile(r"\d{3}\W{1,3}\d\d\W{1,3}\d{4}")
_SEPARATOR = r"[^A-Za-z0-9]{0,4}"
_LONG = re.compile(rf"(?<!\d)\d(?:{_SEPARATOR}\d){{12,40}}(?!\d)")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d\d(?:[ -]?[A-Z0-9]){11,30}(?![a-z0-9])", re.I)
# Letters and figures in one word.
_MIXED = re.compile(r"(?<!\w)(?=[A-Za-z]*\d)[A-Za-z0-9]{8,18}(?!\w)")
_FEWEST_FIGURES = 5
# Britain's national insurance number and Finland's personal identity code.
_SHAPED = re.compile(
    r"(?<!\w)[A-Za-z]{2}(?: ?\d\d){3} ?[A-Da-d](?!\w)|(?<!\w)\d{6}[-+A]\d{3}[0-9A-Y](?!\w)"
)


def name_of(digits: str, written: str, *, about: str = "") -> str:
    """The mask for a number.

    Parameters:
        digits: Its digits.
        written: How it stands in the text.
        about: What the talk is of, where that is known: "card", "phone", "id".
    """
    if len(digits) > _LONGEST:
        return "[digits]"
    if _holds_card(digits) or (about == "card" and len(digits) >= 12):
        return "[card]"
    if about == "id" or (len(digits) == 9 and _SSN.search(written)):
        return "[id]"
    if about == "phone" and len(digits) >= 7:
        return "[phone]"
    plus = "+" in written
    if 7 <= len(digits) <= 15 and is_phone(("+" if plus else "") + digits):
        return "[phone]"
    return "[id]" if len(digits) >= 8 and _is_any(_OF_FIGURES, digits) else "[digits]"


def cards(text: str) -> Iterable[tuple[int, int]]:
    """Written payment cards, whatever separates their digits, as positions."""
    for match in _LONG.finditer(text):
        places = [at for at in range(*match.span()) if text[at].isdecimal()]
        digits = "".join(text[at] for at in places)
        for start, length in _card_windows(digits):
            yield places[start], places[start + length - 1] + 1


def ids(text: str) -> Iterable[tuple[int, int]]:
    """Written ids with letters in them, as positions: IBANs and national numbers."""
    for match in _IBAN.finditer(text):
        if iban.is_valid(match.group()):
            yield match.span()
    yield from (match.span() for match in _SHAPED.finditer(text))
    for match in _MIXED.finditer(text):
        figures = sum(character.isdigit() for character in match.group())
        is_mixed = _FEWEST_FIGURES <= figures < len(match.group())
        if is_mixed and _is_any(_WITH_LETTERS, match.group()):
            yield match.span()


def is_phone(number: str) -> bool:
    """Whether it is a telephone number somewhere where callers are likely to live."""
    for region in _REGIONS:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return True
    return False


def _is_any(kinds: Iterable[ModuleType], number: str) -> bool:
    return any(kind.is_valid(number) for kind in kinds)


def _holds_card(digits: str) -> bool:
    return next(iter(_card_windows(digits)), None) is not None


def _card_windows(digits: str) -> Iterable[tuple[int, int]]:
    """Where a card number is in a row of digits: start and length, the longest first."""
    for length in (16, 15, *reversed(_CARD_DIGITS)):
        for start in range(len(digits) - length + 1):
            window = digits[start : start + length]
            # Every scheme's first digit; a row of zeros passes Luhn.
            if window[0] in "23456" and window.strip("0") and luhn.is_valid(window):
                yield start, length
                return
