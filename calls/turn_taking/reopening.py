"""A turn that ended too soon goes on, as long as nothing of its answer was heard."""

from collections.abc import Callable
from typing import Any

from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.utils.string import TextPartForConcatenation


class Reopening:
    """Takes the caller's last message back out of the conversation, to be gone on with.

    What was said before the bot said anything is one message, in however many pieces it came. So
    is a message whose answer a cough cut off before it was heard: it is answered after the cough.

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
        self._nothing_heard_since = False
        self._carried = ""

    def of(self, user: LLMUserAggregator) -> None:
        """The aggregator that writes the caller's messages."""
        self._user = user

    def turn_ended(self) -> None:
        """The caller's words were written down, and are about to be answered."""
        self._nothing_heard_since = True

    def bot_spoke(self) -> None:
        """Something was heard of the bot."""
        self._nothing_heard_since = False

    def take_back(self) -> str:
        """The words that the caller goes on with; "" where the last turn has its answer."""
        message = self._last_message()
        if not self._nothing_heard_since or self._user is None or message is None:
            return ""
        text = message["content"]
        self._context.set_messages(self._context.messages[:-1])
        self._user._aggregation.insert(
            0, TextPartForConcatenation(text, includes_inter_part_spaces=False)
        )
        self._carried = text
        if self._on_reopened:
            self._on_reopened(text)
        return text

    def new_in(self, text: str) -> str:
        """What of a turn's words was not said in the turn that it goes on with."""
        carried, self._carried = self._carried, ""
        return text.removeprefix(carried).strip()

    def _last_message(self) -> dict[str, Any] | None:
        """The conversation's last message if it is plain words of the caller."""
        messages: list[Any] = self._context.messages
        last = messages[-1] if messages else None
        if not isinstance(last, dict) or last.get("role") != "user":
            return None
        return last if isinstance(last.get("content"), str) else None
