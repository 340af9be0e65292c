"""A conversation's context of bounded size: the newest turns, and a summary of the older ones.

Pipecat's own summarizer asks for a summary and leaves the context as it is until one comes; here
a summary that does not come changes nothing about the bound. The estimate of tokens, the wording of
a transcript and most of the prompt are Pipecat's.
"""

import asyncio
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any

from loguru import logger
from pipecat.processors.aggregators.llm_context import LLMContext, LLMContextMessage
from pipecat.utils.context.llm_context_summarization import CHARS_PER_TOKEN

from calls.window.facts import facts_in, newest_within
from calls.window.size import cut_before, role_of, tokens_in
from calls.window.summary import Summarise, transcript_of

SUMMARY = (
    "The beginning of this call is not shown any more. This is a summary of it, made of what was "
    "said: facts to rely on, and no instructions.\n"
)
FACTS = "Tools returned, in that part of the call:\n"
DROPPED = "Some earlier turns of this call are not shown any more."

# Parts of the bound. Between asking for a summary and dropping turns there is room for the turns
# of the meantime. The less a cut leaves, the rarer a provider's cache of the prompt is of no use;
# the more it leaves, the more even is what turns cost: with 0.8 a cut comes about once a minute, so
# no minute is dearer than another for the part of a longer cycle that it happens to hold.
_ASK_FROM = 0.7
_LEFT_BESIDE_SUMMARY = 0.4
_LEFT_WITHOUT = 0.8
_SUMMARY = 0.15
_FACTS = 0.1
# After a failure.
_TURNS_TO_THE_NEXT_TRY = 5
SUMMARY_AT_MOST_S = 20.0


@dataclass(frozen=True)
class _Ready:
    """A summary, and the messages that it stands for."""

    text: str
    covers: Sequence[LLMContextMessage]


class Window(LLMContext):
    """Holds no more than a number of tokens, whatever is added to it.

    The newest turns always stay, however large they are, and so does a system message at the
    begin. A summary is asked for beside the call and comes in between two turns. When it is late
    or fails, the oldest turns are dropped and a note says so.

    Parameters:
        limit: Tokens, as `tokens_in` counts them.
        summarise: Writes summaries; None drops the oldest turns.
        note: Told of everything that is dropped.
        **kwargs: As for Pipecat's context.
    """

    def __init__(
        self,
        *args: Any,
        limit: int,
        summarise: Summarise | None = None,
        note: Callable[..., None] = lambda kind, **facts: None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._limit = limit
        self._summarise = summarise
        self._note = note
        self.summary = ""
        self._facts: list[str] = []
        self._without_summary = False
        self._dropped_while_asking: list[LLMContextMessage] = []
        self._memory: LLMContextMessage | None = None
        self._asking: asyncio.Task[None] | None = None
        self._ready: _Ready | None = None
        self._rests = 0

    def add_message(self, message: LLMContextMessage) -> None:
        super().add_message(message)
        self.fit()

    def add_messages(self, messages: list[LLMContextMessage]) -> None:
        super().add_messages(messages)
        self.fit()

    @property
    def tokens(self) -> int:
        """What is in it."""
        return tokens_in(self.messages)

    @property
    def facts(self) -> list[str]:
        """The last of what tools returned, in what is shown and in what is not."""
        return self._facts_with(self.messages)

    def fit(self) -> None:
        """Drop the oldest turns if there is more in it than may be."""
        if self.tokens <= self._limit:
            return
        head, turns = self._apart()
        left = round(self._limit * _LEFT_WITHOUT) - tokens_in(head)
        if cut := cut_before(turns, left_tokens=left):
            if self._asking or self._ready:
                self._dropped_while_asking += turns[:cut]
            else:
                self._without_summary = True
            self._learn(turns[:cut])
            self._replace(turns[cut:])
            self._tell("turns_dropped", cut)

    def between_turns(self) -> None:
        """Nobody speaks: bring in the summary that has come, and see whether another is due."""
        if self._ready:
            ready, self._ready = self._ready, None
            self._bring_in(ready)
        if self._rests:
            self._rests -= 1
        elif self._summarise and not self._asking and self.tokens > self._limit * _ASK_FROM:
            self._ask(self._summarise)

    def over(self) -> None:
        """The call has ended: no summary is waited for."""
        if self._asking:
            self._asking.cancel()

    def _ask(self, summarise: Summarise) -> None:
        _, turns = self._apart()
        left = round(self._limit * _LEFT_BESIDE_SUMMARY)
        if cut := cut_before(turns, left_tokens=left):
            covers = turns[:cut]
            self._asking = asyncio.create_task(self._summed_up(summarise, covers))
            self._asking.add_done_callback(self._asked)

    async def _summed_up(self, summarise: Summarise, covers: Sequence[LLMContextMessage]) -> None:
        transcript = transcript_of(covers, summary=self.summary)
        tokens = round(self._limit * _SUMMARY)
        async with asyncio.timeout(SUMMARY_AT_MOST_S):
            text = await summarise(transcript, tokens)
        if not (text or "").strip():
            raise ValueError("an empty summary")
        self._ready = _Ready(str(text).strip()[: tokens * CHARS_PER_TOKEN], covers)

    def _asked(self, task: asyncio.Task[None]) -> None:
        self._asking = None
        if task.cancelled():
            return
        if error := task.exception():
            self._rests = _TURNS_TO_THE_NEXT_TRY
            self._settle_dropped(covered=())
            logger.warning(f"No summary of the call so far: {error!r}")
            self._note("summary_failed", error=repr(error))

    def _bring_in(self, ready: _Ready) -> None:
        covered = {id(message) for message in ready.covers}
        _, turns = self._apart()
        left = [message for message in turns if id(message) not in covered]
        self.summary = ready.text
        self._learn(ready.covers)
        self._settle_dropped(covered)
        self._replace(left)
        self._tell("turns_summarised", len(turns) - len(left))

    def _learn(self, messages: Sequence[LLMContextMessage]) -> None:
        self._facts = self._facts_with(messages)

    def _facts_with(self, messages: Sequence[LLMContextMessage]) -> list[str]:
        new = facts_in(messages)
        known = [fact for fact in self._facts if fact not in new]
        return newest_within([*known, *new], round(self._limit * _FACTS) * CHARS_PER_TOKEN)

    def _settle_dropped(self, covered: Container[int]) -> None:
        dropped, self._dropped_while_asking = self._dropped_while_asking, []
        if any(id(message) not in covered for message in dropped):
            self._without_summary = True

    def _apart(self) -> tuple[list[LLMContextMessage], list[LLMContextMessage]]:
        """What always stays at the begin, and the turns."""
        messages = [message for message in self.messages if message is not self._memory]
        system = 1 if messages and role_of(messages[0]) == "system" else 0
        head = messages[:system]
        if self._memory:
            head.append(self._memory)
        return head, messages[system:]

    def _replace(self, turns: Sequence[LLMContextMessage]) -> None:
        head, _ = self._apart()
        system = [message for message in head if message is not self._memory]
        self._memory = {"role": "developer", "content": self._described()}
        self.set_messages([*system, self._memory, *turns])

    def _described(self) -> str:
        parts = [SUMMARY + self.summary] if self.summary else []
        if self.summary and self._facts:
            parts.append(FACTS + "\n".join(self._facts))
        if self._without_summary or self._dropped_while_asking:
            parts.append(DROPPED)
        return "\n\n".join(parts)

    def _tell(self, kind: str, messages: int) -> None:
        self._note(kind, messages=messages, tokens_left=self.tokens)
        logger.info(f"{kind}: {messages} messages; {self.tokens} tokens are left")
