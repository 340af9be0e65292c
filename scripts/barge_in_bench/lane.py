"""One system, into whose answers the labelled sounds are let hear."""

from collections.abc import Sequence
from typing import Any

from rehearsal.audible import Span
from rehearsal.barge_in.labelled import Labelled
from rehearsal.barge_in.mind import BriefMind, line_with
from rehearsal.barge_in.outcome import Outcome, outcome_of
from rehearsal.barge_in.sounds import EchoingMouth
from rehearsal.phone import TwilioPhone
from rehearsal.turns.figures import CallFigures
from rehearsal.turns.mouth import KnownMouth
from rehearsal.turns.talk import Speech, Turn
from scripts.turns_bench.lane import Lane


class BargeInLane(Lane):
    """Keeps what came of every sound."""

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how, mind=BriefMind())
        self._items: dict[str, Labelled] = {}
        self._outcomes: list[Outcome] = []

    async def let_hear(
        self, items: Sequence[Labelled], speech: Sequence[Speech]
    ) -> tuple[list[Outcome], list[str]]:
        """Every caller lets hear every so many-th sound; also tells which calls failed, and why."""
        callers = len(speech)
        self._items = {item.key: item for item in items}
        self._outcomes = []
        problems: list[str] = []
        lines = [[line_with(item) for item in items[k::callers]] for k in range(callers)]
        for call in await self.hold_each(lines, speech, "sounds"):
            problems += [call.problem] if call.problem else []
        return self._outcomes, problems

    def _measured(self, turns: Sequence[Turn], spans: Sequence[Span]) -> CallFigures:
        for turn in turns:
            item = self._items[turn.line.into[0].words]
            if outcome := outcome_of(item, turn, spans):
                self._outcomes.append(outcome)
        return CallFigures()

    def _mouth_of(self, phone: TwilioPhone) -> KnownMouth:
        return EchoingMouth(phone)
