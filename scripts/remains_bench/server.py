"""Switchboard's server with the bot whose turns are timed, keeping everything or nothing.

.venv/bin/python -m scripts.remains_bench.server everything   # settings as for `switchboard serve`
.venv/bin/python -m scripts.remains_bench.server bare
"""

import sys
from collections.abc import Callable
from typing import Any

import calls.answer
import calls.call
from calls import Line, as_bot
from calls.bot import Bot
from calls.record import CallRecord
from calls.record_events import RecordEvents
from rehearsal.turns import script
from scripts.turns_bench.switchboard_server import turns
from server.serve import serve
from settings import Settings

# Said by both, as calls with more speech cost more.
SENTENCE = "This call is recorded. If you do not want that, just say no."

_ABOUT: dict[str, Any] = {
    "greeting": script.GREETING,
    "sample_call": [Line(line.say) for line in script.FULL],
}


class NoRecord(CallRecord):
    """Of this call nothing remains."""

    def opened(self, *, caller: str = "", **facts: Any) -> None:
        """Nothing."""

    def heard(self, who: object, text: str) -> None:
        """Nothing."""

    def turn(self, stages: object) -> None:
        """Nothing."""

    def note(self, kind: str, **facts: Any) -> None:
        """Nothing."""

    def closed(self) -> None:
        """Nothing."""


class NoEvents(RecordEvents):
    """Nobody looks at what is used, said and done."""

    def counts(self, stage: object, choice: object, service: object) -> None:
        """Nothing."""

    def follows_model(self, llm: object) -> None:
        """Nothing."""

    def follows_speech(self, assistant: object) -> None:
        """Nothing."""

    def heard(self, who: object, text: str) -> None:
        """Nothing."""

    def closing(self) -> None:
        """Nothing."""


def everything() -> Bot:
    """The bot as it may be had: recorded, redacted, with its record."""
    return as_bot(turns, **_ABOUT, records_audio=SENTENCE, keeps="redacted")


def bare() -> Bot:
    """The same bot in a process that keeps nothing. There is no such switch: here it is made."""
    calls.answer.record_of = lambda settings, call_id, *, redactor=None: NoRecord(None, call_id)
    calls.call.RecordEvents = NoEvents
    return as_bot(turns, **_ABOUT, notice=SENTENCE, keeps="everything")


SIDES: dict[str, Callable[[], Bot]] = {"bare": bare, "everything": everything}


def main() -> None:
    bot = SIDES[sys.argv[1]]()
    serve(Settings.load(), bots={bot.name: bot})


if __name__ == "__main__":
    main()
