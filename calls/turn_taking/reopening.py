"""A turn that ended too soon goes on, as long as nothing of its answer was heard."""

from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.utils.string import TextPartForConcatenation

# Whoever has been silent for longer, after the turn was over, begins something new.
_WITHIN_S = 2.0


class _Floor(Enum):
    """Whose turn it is."""

    CALLER = auto()
    """The caller is in a turn, or nobody has said anything yet."""
    BOT = auto()
    """The caller's turn is over, and nothing was heard of the bot since: it may go on."""
    HEARD = auto()
    """Something was heard of the bot since: what the caller says now is a new turn."""


class Reopening:
    """Takes the caller's last message back out of the conversation, to be gone on with.

    What was said before the bot said anything is one message, in however many pieces it came. So
    is a message whose answer a cough cut off before it was heard: it is answered after the cough.
    Both only within a moment of the turn's end. Later, and once anything of the bot is heard, be
    it an answer, a filler or the end of what it was saying anyway, the caller's next words are a
    turn of their own.

    Parameters:
        context: The conversation.
        on_reopened: Told of the words that were taken back.
    """

    def __init__(
        self, context: LLMContext, on_reopened: Callable[[str], None] | None = None
    ) -> None:
        self._context = context
        self._on_reopened = on_reopened
        self._user: LLMUserAggregator | None = None
        self._floor = _Floor.CALLER
        self._bot_speaks = False
        self._ended_at_s = 0.0
        self._carried: deque[str] = deque()

    def of(self, user: LLMUserAggregator) -> None:
        """The aggregator that writes the caller's messages."""
        self._user = user

    def turn_ended(self, now_s: float) -> None:
        """The caller's words are written down now, and answered."""
        self._floor = _Floor.HEARD if self._bot_speaks else _Floor.BOT
        self._ended_at_s = now_s

    def bot_began(self) -> None:
        """The bot is heard from now on."""
        self._bot_speaks = True
        if self._floor is _Floor.BOT:
            self._floor = _Floor.HEARD

    def bot_ended(self) -> None:
        """The bot is silent."""
        self._bot_speaks = False

    def turn_began(self, now_s: float) -> str:
        """The words that the caller goes on with; "" where this is a new turn."""
        goes_on = self._floor is _Floor.BOT and now_s - self._ended_at_s <= _WITHIN_S
        self._floor = _Floor.CALLER
        carried = self._take_back() if goes_on else ""
        self._carried.append(carried)
        if carried and self._on_reopened:
            self._on_reopened(carried)
        return carried

    def new_in(self, text: str) -> str:
        """What of a turn's words was not said in the turn that it goes on with.

        To be asked once for every turn, in their order.
        """
        carried = self._carried.popleft() if self._carried else ""
        return text.removeprefix(carried).strip()

    def _take_back(self) -> str:
        message = self._last_message()
        if self._user is None or message is None:
            return ""
        text = message["content"]
        self._context.set_messages(self._context.messages[:-1])
        self._user._aggregation.insert(
            0, TextPartForConcatenation(text, includes_inter_part_spaces=False)
        )
        return text

    def _last_message(self) -> dict[str, Any] | None:
        """The conversation's last message if it is plain words of the caller."""
        messages: list[Any] = self._context.messages
        last = messages[-1] if messages else None
        if not isinstance(last, dict) or last.get("role") != "user":
            return None
        return last if isinstance(last.get("content"), str) else None
