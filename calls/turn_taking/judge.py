"""The model of turns, asked about a silence where its answer can be of use."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from loguru import logger
from pipecat.audio.turn.base_turn_analyzer import BaseTurnAnalyzer, EndOfTurnState
from pipecat.frames.frames import Frame, MetricsFrame
from pipecat.metrics.metrics import TurnMetricsData

from calls.turn_taking.lull import Lull
from calls.turn_taking.pause import Pause

# Between two lulls at which the model of turns is asked.
_BETWEEN_LULLS_S = 0.25

Lean = Callable[[], Awaitable[float | None]]


class Judge:
    """Asks the model of turns beside the audio, and notes on the silence what it says.

    Parameters:
        turn_analyzer: The model of turns; what it hears, it is given by others.
        lean: Asks it before the detector of voices is sure of a silence; None: it is not asked.
        busy_for_s: How long it would take, being at work for others; 0.0: it is not.
        begin: Begins a task of this name.
        push: Where its metrics go.
        on_judged: Told of a pause that it has had its say on.
        on_weighed: Told of a lull that it was asked about, whether or not it answered.
    """

    def __init__(
        self,
        turn_analyzer: BaseTurnAnalyzer,
        lean: Lean | None,
        busy_for_s: Callable[[], float],
        *,
        begin: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        push: Callable[[Frame], Awaitable[None]],
        on_judged: Callable[[Pause], Awaitable[None]],
        on_weighed: Callable[[Lull], Awaitable[None]],
    ) -> None:
        self._analyzer = turn_analyzer
        self._lean = lean
        self._busy_for_s = busy_for_s
        self._begin = begin
        self._push = push
        self._on_judged = on_judged
        self._on_weighed = on_weighed
        self._judging: asyncio.Task[None] | None = None
        self._last_lull_s = -math.inf

    def judge(self, pause: Pause, before: Lull | None, now_s: float) -> None:
        """Ask about a pause, once, if the model can answer in time.

        Parameters:
            pause: The silence.
            before: The lull that it was at first.
            now_s: The time.
        """
        if pause.asked or (before and before.pending):
            return
        pause.asked = True
        if self._busy_for_s() > pause.left_for_model_s(now_s):
            pause.goes_by_words()
        else:
            self._judging = self._begin(self._judge(pause), "judge")

    def glance(self, lull: Lull) -> None:
        """Ask about a lull that has just begun, unless the last one did a moment before it."""
        if self._lean is None or lull.began_at_s - self._last_lull_s < _BETWEEN_LULLS_S:
            return
        self._last_lull_s = lull.began_at_s
        self.weigh(lull)

    def weigh(self, lull: Lull) -> None:
        """Ask about a lull, unless the model knows it or looks at it."""
        if self._lean is None or not lull.unweighed:
            return
        lull.pending = True
        self._begin(self._weigh(lull, self._lean), "lull")

    def give_up(self) -> None:
        """No answer is waited for: what the model has not begun for this call, it need not."""
        if self._judging:
            self._judging.cancel()
        self._judging = None

    async def _judge(self, pause: Pause) -> None:
        state, metrics = await self._analyzer.analyze_end_of_turn()
        self._judging = None
        if metrics:
            await self._push(MetricsFrame(data=[metrics]))
        pause.judged = True
        pause.complete = pause.complete or state == EndOfTurnState.COMPLETE
        if isinstance(metrics, TurnMetricsData):
            pause.probability = metrics.probability
        await self._on_judged(pause)

    async def _weigh(self, lull: Lull, lean: Lean) -> None:
        try:
            lull.probability = await lean()
        except Exception as error:
            # It is asked again when the detector is sure.
            lull.failed = True
            logger.warning(f"The model of turns failed: {error!r}")
        lull.pending, lull.unanswered = False, lull.probability is None
        await self._on_weighed(lull)
