"""Addresses as they are said: the host, and nothing behind it."""

import re

SCHEMES = ("http://", "https://", "ftp://", "www.")
MAIL_SCHEME = "mailto:"
END = re.compile(r"[\s<>\"`\]|]")
DOMAIN = re.compile(r"(?:[\w-]+\.)+[A-Za-z]{2,}(?::\d+)?")

_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/?#@]*@)?(?:www\.)?([^/?#:]*)", re.I)
_SAID_AS_IT_IS = re.compile(r"(?:mailto|tel|sms):([^?]*)", re.I)
_ADDRESS = re.compile(r"(?:https?://|ftp://|www\.)[^\s<>\"`\]|]+", re.I)


def host_in_words(url: str) -> str:
    """Say `https://www.example.com/a?b#c` as "example dot com"; "" where there is no host."""
    match = _HOST.match(url)
    return match.group(1).strip(".").replace(".", " dot ") if match else ""


def autolink_in_words(url: str) -> str:
    """Say the address of an autolink, which may have any scheme."""
    if match := _SAID_AS_IT_IS.match(url):
        return match.group(1)
    return host_in_words(url) if "://" in url else ""


def trimmed(url: str) -> str:
    """Cut what belongs to the sentence from the end of an address: its marks and brackets."""
    opened, closed = url.count("("), url.count(")")
    end = len(url)
    while end:
        last = url[end - 1]
        if last == ")" and closed > opened:
            closed -= 1
        elif last not in ".,;:!?'*_~}\\":
            break
        end -= 1
    return url[:end]


def without_addresses(text: str) -> str:
    """Replace every address within finished text by its host in words."""

    def spoken(match: re.Match[str]) -> str:
        url = trimmed(match.group())
        return host_in_words(url) + match.group()[len(url) :]

    return _ADDRESS.sub(spoken, text)
