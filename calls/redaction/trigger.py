"""A quick look whether a text can hold anything at all."""

import re

from calls.redaction.day import MONTH_NAMES
from calls.redaction.group import UNITS
from services.embedded.spoken_numbers import ORDINALS, TEENS, TENS

_WORDS = sorted(
    {
        *UNITS,
        *TEENS,
        *TENS,
        *ORDINALS,
        *MONTH_NAMES,
        *"arroba dash dot double email hyphen mail period point treble triple underscore".split(),
    },
    key=len,
    reverse=True,
)
_NAMES = rf"[@＠﹫]|%40|[^\W\d_][._][^\W\d_]{{2}}|(?<![^\W\d_])(?:{'|'.join(_WORDS)})s?(?![^\W\d_])"
_IN_TALK = re.compile(rf"\d|{_NAMES}", re.I)
# A program's line is full of small numbers.
_IN_LOG = re.compile(rf"\d(?:[^A-Za-z0-9]{{0,4}}\d){{3}}|{_NAMES}", re.I)


def may_hold_something(text: str) -> bool:
    return bool(_IN_TALK.search(text))


def log_may_hold_something(text: str) -> bool:
    return bool(_IN_LOG.search(text))
