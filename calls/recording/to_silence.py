"""What of a recording nobody is to hear, noted beside it while the call runs.

A line tells a stretch to be silenced, or up to where a side was looked through. What was not is
silenced as well: nobody knows what was said there when the process died. There are no words in it.
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from calls.recording.reading import SIDES, Side
from calls.redaction.redactor import SpokenWord

NOTES = "call.silence"


class Stretch(Protocol):
    """Of one side, in seconds since the call was answered."""

    @property
    def who(self) -> str: ...

    @property
    def start_s(self) -> float: ...

    @property
    def end_s(self) -> float: ...


class Span(NamedTuple):
    """A `Stretch`."""

    who: str
    start_s: float
    end_s: float


SpansOf = Callable[[str, Sequence[SpokenWord]], Iterable[Stretch]]
"""From one side's words to what of them is not to be heard."""


def first_note() -> str:
    """Nothing was looked through."""
    return "".join(_checked(side, 0.0) for side in SIDES)


def note_of(side: Side, spans: Iterable[Stretch], until_s: float) -> str:
    """The side was looked through until then, and that was found."""
    found = [{"who": side, "start_s": span.start_s, "end_s": span.end_s} for span in spans]
    return "".join(f"{json.dumps(span)}\n" for span in found) + _checked(side, until_s)


def noted_in(folder: Path) -> list[Span]:
    """What is to be silenced of the recording in a folder; nothing where nothing was noted."""
    path = folder / NOTES
    if not path.exists():
        return []
    spans: list[Span] = []
    checked_s = dict.fromkeys(SIDES, 0.0)
    *lines, half = path.read_text(errors="replace").split("\n")
    for line in [*lines, half] if half.endswith("}") else lines:
        try:
            note = json.loads(line)
            if "checked_s" in note:
                checked_s[_side(note)] = float(note["checked_s"])
            else:
                spans.append(Span(_side(note), float(note["start_s"]), float(note["end_s"])))
        except (ValueError, KeyError, TypeError):
            # Nobody knows what was to be silenced there.
            return [Span(side, 0.0, math.inf) for side in SIDES]
    return [*spans, *(Span(side, at_s, math.inf) for side, at_s in checked_s.items())]


def _side(note: dict[str, Any]) -> Side:
    return SIDES[SIDES.index(note["who"])]


def _checked(side: Side, until_s: float) -> str:
    return json.dumps({"who": side, "checked_s": round(until_s, 3)}) + "\n"
