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
        *("dot", "underscore", "arroba", "double", "triple", "treble", "email", "mail"),
    },
    key=len,
    reverse=True,
)
_TRIGGER = re.compile(
    rf"[\d@＠﹫]|%40|[^\W\d_][._][^\W\d_]{{2}}|(?<![^\W\d_])(?:{'|'.join(_WORDS)})s?(?![^\W\d_])",
    re.I,
)


def may_hold_something(text: str) -> bool:
    return bool(_TRIGGER.search(text))
