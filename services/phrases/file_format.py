"""A phrase as the content of a file: a checksum, what it is, and its samples."""

import hashlib
import json
import math

from services.phrases.phrase import Phrase, PhraseKey

_FORMAT = 1
_NEWLINE = b"\n"


class Corrupt(ValueError):
    """The content is not that of a phrase, or not all of it."""


def name_of(key: PhraseKey) -> str:
    """The name of a phrase's file, without a suffix."""
    return _digest(json.dumps([_FORMAT, *key]).encode())[:40].decode()


def to_bytes(key: PhraseKey, phrase: Phrase) -> bytes:
    """The content of a phrase's file."""
    facts = {"format": _FORMAT, **key._asdict(), "starts_s": phrase.starts_s}
    body = json.dumps(facts).encode() + _NEWLINE + phrase.audio
    return _digest(body) + _NEWLINE + body


def from_bytes(content: bytes) -> tuple[PhraseKey, Phrase]:
    """The phrase in a file's content.

    Raises:
        Corrupt: When it was cut off, changed, or written otherwise.
    """
    digest, _, body = content.partition(_NEWLINE)
    if _digest(body) != digest:
        raise Corrupt("its checksum does not match")
    head, _, audio = body.partition(_NEWLINE)
    try:
        facts = json.loads(head)
        if facts["format"] != _FORMAT:
            raise Corrupt(f"it is of format {facts['format']!r}, not {_FORMAT}")
        key = PhraseKey(str(facts["voice"]), int(facts["rate_hz"]), str(facts["text"]))
        starts_s = tuple(float(start_s) for start_s in facts["starts_s"])
    except (ValueError, KeyError, TypeError) as error:
        raise Corrupt(str(error)) from None
    if len(audio) % 2 or not audio or key.rate_hz <= 0 or not all(map(math.isfinite, starts_s)):
        raise Corrupt("its samples or the times of its words make no sense")
    return key, Phrase(audio, key.rate_hz, starts_s)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
