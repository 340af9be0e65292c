"""The voices and variants that a copy of espeak-ng can speak with."""

import ctypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Installed:
    """What there is to speak with.

    Parameters:
        voices: Language code -> the voice that speaks it best, as a path below `lang`.
        variants: Names of the timbres any voice can be spoken in.
    """

    voices: dict[str, str]
    variants: tuple[str, ...]


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


def list_installed(c: ctypes.CDLL, data: Path) -> Installed:
    """Ask the started library for its voices, and drop those that cannot speak.

    Parameters:
        c: The library.
        data: Its directory of voices and dictionaries.
    """
    c.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    best: dict[str, tuple[int, str]] = {}
    for voice in _listed(c, None):
        identifier, languages = voice.identifier.decode(), _languages(voice.languages)
        if _dictionary(data, identifier, languages[0][1]).exists():
            for priority, code in languages:
                if code not in best or priority < best[code][0]:
                    best[code] = priority, identifier
    wanted = ctypes.create_string_buffer(b"variant")
    pattern = _Voice(languages=ctypes.cast(wanted, ctypes.c_void_p))
    variants = {v.identifier.decode().rpartition("/")[2] for v in _listed(c, ctypes.byref(pattern))}
    return Installed(
        voices={code: identifier for code, (_, identifier) in sorted(best.items())},
        variants=tuple(sorted(variants, key=str.lower)),
    )


def _listed(c: ctypes.CDLL, pattern: Any) -> list[_Voice]:
    listed = c.espeak_ListVoices(pattern)
    found: list[_Voice] = []
    while listed[len(found)]:
        found.append(listed[len(found)].contents)
    return found


def _languages(address: int | None) -> list[tuple[int, str]]:
    """Read a list of (priority, code): a byte, then text with a NUL; a zero byte ends it."""
    languages: list[tuple[int, str]] = []
    while address and (entry := ctypes.string_at(address)):
        languages.append((entry[0], entry[1:].decode()))
        address += len(entry) + 1
    return languages


def _dictionary(data: Path, identifier: str, code: str) -> Path:
    """Return where a voice's pronunciations are: espeak-ng lists voices that have none."""
    text = (data / "lang" / identifier).read_text("utf-8", "replace")
    named = re.search(r"^dictionary\s+(\S+)", text, re.MULTILINE)
    return data / f"{named[1] if named else code.partition('-')[0]}_dict"
