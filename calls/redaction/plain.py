"""A text with the characters that the search knows, each in the place of another."""

import unicodedata

# Seen by nobody, and found within whatever is copied from a page.
_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
# Beyond it Unicode has decimals only.
_LAST_DIGIT = 0x1F10A
_DOTS = "\u3002\uff0e\uff61"


def _digits() -> dict[int, str]:
    """Digits that are no decimals, as in circles or raised."""
    each = ((at, unicodedata.digit(chr(at), -1)) for at in range(128, _LAST_DIGIT + 1))
    return {at: str(digit) for at, digit in each if digit >= 0 and not chr(at).isdecimal()}


_PLAIN = _digits() | dict.fromkeys(map(ord, _UNSEEN), "_") | dict.fromkeys(map(ord, _DOTS), ".")


def plain(text: str) -> str:
    """As long as the text, so that positions in it are those in the text."""
    return text if text.isascii() else text.translate(_PLAIN)
