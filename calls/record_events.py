"""From what happens in a call to events of its record."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from loguru import logger
from pipecat.frames.frames import CancelFrame, Frame, InterruptionFrame
from pipecat.processors.frame_processor import FrameDirection

from calls.costs.bill import Bill
from calls.costs.prices import PricesError, PriceTable, price_table
from calls.harmless import harmless
from calls.heard.assistant import HearingAssistant
from calls.record import CallRecord, Speaker
from calls.records.rows import OUTCOMES, Outcome
from calls.tool_runs import ToolRuns
from calls.unhandled import says_it_cannot_help
from calls.unheard import Unheard, is_ahead
from calls.usage.meter import meter
from calls.usage.usage import Usage
from services.choice import Choice
from services.provider import Stage
from settings import is_loopback


class RecordEvents:
    """Tells a call's record of tools, interruptions, usage, requests it could not help with, the
    outcome and the cost. It stands between the record and those who tell what was said.

    Parameters:
        record: Told of it.
        prices: What is used costs so much.
    """

    def __init__(self, record: CallRecord, prices: PriceTable) -> None:
        self._record = record
        self._bill = Bill(prices)
        self._tools = ToolRuns(lambda **facts: record.note("tool", **facts))
        self._unheard = Unheard(lambda text: record.note("unheard", text=text))
        self._asked = ""
        self._turned_down = False

    # What is listened to

    def counts(self, stage: Stage, choice: Choice, service: Any) -> None:
        """Count what one provider's service uses."""
        here = is_loopback(urlsplit(choice.address).hostname or "")
        meter(service, stage=stage, provider=choice.name, used=self.used, here=here)

    def follows_model(self, llm: Any) -> None:
        """Follow the language model's tools, and what it writes."""
        self._tools.listen_to(llm)
        push = llm.push_frame

        async def pushed(
            frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
        ) -> None:
            if direction is FrameDirection.DOWNSTREAM:
                self._unheard.pushed(frame, ahead=is_ahead(llm))
            await push(frame, direction)

        llm.push_frame = pushed

    def follows_speech(self, assistant: HearingAssistant) -> None:
        """Follow what silences the bot."""
        process = assistant.process_frame

        async def processed(frame: Frame, direction: FrameDirection) -> None:
            if not isinstance(frame, InterruptionFrame | CancelFrame):
                await process(frame, direction)
                return
            if assistant.is_speaking and isinstance(frame, InterruptionFrame):
                self._record.note("interruption")
            await process(frame, direction)
            self._unheard.cut_off()

        assistant.process_frame = processed  # type: ignore[method-assign]

    # What is told

    @harmless
    def used(self, usage: Usage) -> None:
        """Something was used."""
        self._bill.add(usage)
        self._record.note("usage", **usage.facts())

    def heard(self, who: Speaker, text: str) -> None:
        """Words that were said by the caller, or played to the caller."""
        self._record.heard(who, text)
        if not text.strip():
            return
        if who == "caller":
            self._asked, self._turned_down = text.strip(), False
            return
        self._unheard.heard(text)
        if self._asked and says_it_cannot_help(text):
            self.could_not_help(self._asked, said=text.strip())

    def note(self, kind: str, **facts: Any) -> None:
        """Something else worth keeping happened."""
        self._record.note(kind, **facts)

    def could_not_help(self, text: str, **facts: Any) -> None:
        """The bot turned a request down. Counted once for what the caller said last."""
        if not self._turned_down:
            self._turned_down = True
            self._record.note("unhandled", text=text or self._asked, **facts)

    def set_outcome(self, outcome: Outcome, why: str = "") -> None:
        """How the call came out, as a tool knows; the last word counts.

        Raises:
            ValueError: there is no such outcome.
        """
        if outcome not in OUTCOMES:
            raise ValueError(f'"{outcome}" is no outcome. Use one of: {", ".join(OUTCOMES)}.')
        self._record.note("outcome", outcome=outcome, by="tool", why=why)

    @harmless
    def closing(self) -> None:
        """The call is over: say what is still to be said, before its record is closed."""
        self._tools.over()
        self._record.note("cost", **self._bill.cost().facts())


def prices_of(prices_file: Path | None) -> PriceTable:
    """The prices that are set. A table that is wrong costs no call: it is said, and left out."""
    try:
        return price_table(prices_file)
    except PricesError as error:
        logger.error(f"{error} Costs are computed with the prices that come with Switchboard.")
        return price_table()
