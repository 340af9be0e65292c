"""What is asked for before the caller's turn is over: the recogniser's final words, the answer."""

import asyncio

from pipecat.processors.frame_processor import FrameDirection
from pipecat.turns.types import UserTurnSpeculation
from pipecat.turns.user_stop import BaseUserTurnStopStrategy

from calls.turn_taking.ahead import Ahead, Outcome
from calls.turn_taking.turn_so_far import TurnSoFar
from calls.turn_taking.words import mean_the_same
from services.words_now import WordsNowFrame

# Before the silence that ends a turn is over, the answer is asked for.
LEAD_S = 0.3
# Where the model of turns believes less than this, the caller is about to go on.
_LEANS_TO_DONE = 0.5


class AskingAhead:
    """Asks as soon as the words seem to be all, and withdraws what was asked for in vain.

    The answer is asked for from what was understood so far, and is held by Pipecat's speculation
    gate. As long as little was asked for in vain, a short silence after words that lead no further
    is reason enough; then the model of turns has to lean towards the end as well. At the same
    moment the recogniser is told that final words are wanted.

    Parameters:
        strategy: Through it Pipecat is told.
        turn: What is known of the caller's turn.
        ahead: Keeps what is asked for; None: final words alone are.
        leans: Whether the model of turns is asked before the detector is sure of a silence.
    """

    def __init__(
        self,
        strategy: BaseUserTurnStopStrategy,
        turn: TurnSoFar,
        ahead: Ahead | None,
        *,
        leans: bool,
    ) -> None:
        self._strategy = strategy
        self._turn = turn
        self._ahead = ahead
        self._leans = leans

    @property
    def in_flight(self) -> bool:
        """Whether an answer was asked for."""
        return self._ahead is not None and self._ahead.in_flight

    @property
    def troubled(self) -> bool:
        """Whether too much was asked for in vain for words alone to be reason enough."""
        return self._ahead is not None and not self._ahead.untroubled

    async def ask(self) -> None:
        """Ask for what was not asked for yet, if the caller seems to be done."""
        turn, ahead = self._turn, self._ahead
        text, lull = turn.heard.text, turn.lull
        if not text:
            return
        # Once the detector is sure of the silence, final words are ordered by itself.
        unordered = lull is not None and not mean_the_same(lull.ordered, text)
        unasked = ahead is not None and ahead.may_ask(text)
        if not (unordered or unasked):
            return
        if not turn.has_all_words(_now_s()) or not self._seems_done(_now_s()):
            return
        if lull and unordered:
            lull.ordered = text
            await self._strategy.push_frame(WordsNowFrame(), FrameDirection.UPSTREAM)
        if ahead and ahead.may_ask(text):
            await self.withdraw(Outcome.OTHER_WORDS)
            ahead.asked(text, _now_s())
            speculation = UserTurnSpeculation(text=text)
            await self._strategy.trigger_user_turn_inference_triggered(speculation=speculation)

    async def confirm(self) -> bool:
        """Keep what was asked for, where it answers the words that the turn ends with.

        Returns:
            Whether it does; where it does not, it is withdrawn.
        """
        confirmed = self._ahead is not None and self._ahead.answers(self._turn.heard.stands)
        if confirmed:
            self._settle(Outcome.KEPT)
        else:
            await self.withdraw(Outcome.OTHER_WORDS)
        return confirmed

    async def withdraw(self, outcome: Outcome) -> None:
        """No answer is wanted any more."""
        if self._settle(outcome):
            await self._strategy.trigger_user_turn_speculation_cancelled()

    def refused(self) -> None:
        """The model's service has withdrawn the answer."""
        self._settle(Outcome.REFUSED)

    def turn_over(self) -> None:
        """The turn has ended."""
        if self._ahead:
            self._ahead.turn_over()

    def _seems_done(self, now_s: float) -> bool:
        """Not before the end is near, where the caller seems to go on or to begin only now."""
        turn = self._turn
        pause, lull, wait = turn.pause, turn.lull, turn.patience
        if wait.unfinished:
            return False
        if pause and pause.ends_within(LEAD_S, now_s):
            return True
        if wait.expects_more or not turn.heard.grown or (pause and pause.unheard):
            return False
        if wait.needs_no_model:
            return True
        seen = pause or lull
        sure = seen.probability if seen else None
        if sure is not None:
            return sure >= _LEANS_TO_DONE
        if not self._leans:
            return True
        # What the words alone tell is enough, as long as little was asked for in vain lately, and
        # where the model is at work for somebody else.
        without = lull.unanswered if lull else False
        untroubled = bool(self._ahead and self._ahead.untroubled)
        silent = turn.quiet.is_believed(None if pause else lull, now_s)
        return (untroubled or without) and silent

    def _settle(self, outcome: Outcome) -> bool:
        if self._ahead is None or not self._ahead.in_flight:
            return False
        self._ahead.settle(outcome, _now_s())
        return True


def _now_s() -> float:
    return asyncio.get_running_loop().time()
