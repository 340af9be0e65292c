"""One answer to the caller, from whichever language model gives it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import Frame, FunctionCallFromLLM, LLMContextFrame, LLMTextFrame
from pipecat.processors.aggregators.llm_context import LLMContext

from services.failover.branch import Branch
from services.failover.health import by_health
from services.failover.incident import Failure, Incident, Report
from services.failover.lateness import lateness
from services.failover.llm.unsaid import Unsaid, WholeWords, speakable

# Asking another provider as well costs its tokens; waiting longer than this costs the caller.
_HEDGE_AFTER_MS = 1200.0

# Between two tokens. What was given before is still being spoken meanwhile.
STALLED_AFTER_S = 1.5

GO_ON = (
    "Your answer was cut off after the words above. Go on from there in the same sentence. "
    "Do not repeat anything and do not mention the interruption."
)

RunTools = Callable[[Sequence[FunctionCallFromLLM]], Awaitable[None]]


class NobodyAnswered(RuntimeError):
    """Every provider was asked and none gave a whole answer."""


@dataclass(frozen=True)
class Given:
    """One thing that a model gave: a piece of text, tool calls, an error, or the end."""

    words: str = ""
    calls: tuple[FunctionCallFromLLM, ...] = ()
    trouble: str = ""
    ended: bool = False

    @classmethod
    def text(cls, words: str) -> "Given":
        return cls(words=words)

    @classmethod
    def tools(cls, calls: Sequence[FunctionCallFromLLM]) -> "Given":
        return cls(calls=tuple(calls))

    @classmethod
    def error(cls, trouble: str) -> "Given":
        return cls(trouble=trouble or "an error without a word")

    @classmethod
    def end(cls) -> "Given":
        return cls(ended=True)


class Answer:
    """A race of providers to one answer, in which only one ever speaks.

    Parameters:
        context: The conversation to answer.
        branches: The providers in the order of the settings.
        pass_on: Takes the answer's text frames.
        run_tools: Runs the tool calls of the one that speaks.
        report: Told of every failure.
    """

    def __init__(
        self,
        context: LLMContext,
        branches: Sequence[Branch],
        *,
        pass_on: Callable[[Frame], Awaitable[None]],
        run_tools: RunTools,
        report: Report,
    ) -> None:
        self._context = context
        self._pass_on = pass_on
        self._run_tools = run_tools
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._inbox: asyncio.Queue[tuple[Branch, int, Given]] = asyncio.Queue()

        # Everybody twice: a second try on a new connection often succeeds.
        self._to_ask = [*by_health(branches), *by_health(branches)]
        self._asked_at: dict[Branch, float] = {}
        self._attempts: Counter[Branch] = Counter()
        self._overdue: set[Branch] = set()
        self._prelude: dict[Branch, str] = {}

        self._speaker: Branch | None = None
        self._last_given = 0.0
        self._said = ""
        self._ran_tools = False
        self._whole = False
        self._unsaid = Unsaid("")
        self._words = WholeWords()

    def hear(self, branch: Branch, given: Given) -> None:
        """A provider gave something."""
        if branch in self._asked_at:
            self._inbox.put_nowait((branch, self._attempts[branch], given))

    async def give(self) -> None:
        """Returns when the answer is whole.

        Raises:
            NobodyAnswered: when it never will be.
        """
        await self._ask_next()
        while self._asked_at and not self._whole:
            try:
                branch, attempt, given = await lateness().within(
                    self._inbox.get, since_s=self._waits_since(), due_s=self._due()
                )
            except TimeoutError:
                await self._too_late()
                continue
            # What belongs to an attempt that was given up says nothing about the next one.
            if branch in self._asked_at and self._attempts[branch] == attempt:
                await self._take(branch, given)
        if not self._whole:
            raise NobodyAnswered(f"{self._said!r} is all that was said")

    async def stop_all(self) -> None:
        """Whoever is still at work on this answer may stop."""
        asked, self._asked_at = list(self._asked_at), {}
        for branch in asked:
            await branch.stop()

    def _waits_since(self) -> float:
        return self._last_given if self._speaker else max(self._asked_at.values())

    def _due(self) -> float:
        if self._speaker:
            return self._last_given + STALLED_AFTER_S
        newest = max(self._asked_at, key=self._asked_at.__getitem__)
        return self._asked_at[newest] + self._patience_ms(newest) / 1000

    def _patience_ms(self, newest: Branch) -> float:
        deadline_ms = newest.health.deadline_ms
        if newest in self._overdue:
            return 2 * deadline_ms
        following = self._to_ask[0] if self._to_ask else newest
        if following in self._asked_at or _stands_in(following):
            # To be answered by rules is worse than to hear a filler and then the model.
            return deadline_ms
        return min(deadline_ms, _HEDGE_AFTER_MS)

    async def _too_late(self) -> None:
        if self._speaker:
            await self._failed(self._speaker, Failure.STALLED)
            return
        newest = max(self._asked_at, key=self._asked_at.__getitem__)
        if newest in self._overdue or not self._to_ask:
            for branch in list(self._asked_at):
                await self._failed(branch, Failure.SILENT, ask_next=False)
            await self._ask_next()
            return
        # It may still be the first to answer; the next is asked beside it.
        self._overdue.add(newest)
        self._tell(newest, Failure.SILENT)
        await self._ask_next()

    async def _take(self, branch: Branch, given: Given) -> None:
        if given.trouble:
            await self._failed(branch, Failure.CUT if branch is self._speaker else Failure.REFUSED)
        elif given.calls:
            await self._take_tools(branch, given.calls)
        elif given.ended:
            await self._take_end(branch)
        else:
            await self._take_text(branch, given.words)

    async def _take_text(self, branch: Branch, text: str) -> None:
        if branch is not self._speaker:
            text = self._prelude[branch] = self._prelude.get(branch, "") + text
            if not speakable(text):
                return
            await self._let_speak(branch)
        self._last_given = self._loop.time()
        await self._say(self._words.add(self._unsaid.add(text)))

    async def _take_tools(self, branch: Branch, calls: Sequence[FunctionCallFromLLM]) -> None:
        if not all(_can_be_meant(call, self._context.tools) for call in calls):
            await self._failed(branch, Failure.NONSENSE)
            return
        if branch is not self._speaker:
            await self._let_speak(branch)
        self._last_given = self._loop.time()
        self._ran_tools = True
        await self._say_the_rest()
        # The provider may have been asked with a copy of the conversation.
        await self._run_tools([replace(call, context=self._context) for call in calls])
        # They may have had to wait for the end of the caller's turn.
        self._last_given = self._loop.time()

    async def _take_end(self, branch: Branch) -> None:
        if branch is self._speaker:
            await self._say_the_rest()
            self._whole = speakable(self._said) or self._ran_tools
        if self._whole:
            del self._asked_at[branch]
        else:
            await self._failed(branch, Failure.EMPTY)

    async def _let_speak(self, branch: Branch) -> None:
        self._speaker = branch
        after_ms = lateness().measured_ms(self._asked_at[branch], self._loop.time())
        branch.health.answered(after_ms)
        for other in [other for other in self._asked_at if other is not branch]:
            del self._asked_at[other]
            await other.stop()

    async def _say(self, text: str) -> None:
        if text:
            self._said += text
            await self._pass_on(LLMTextFrame(text))

    async def _say_the_rest(self) -> None:
        await self._say(self._words.add(self._unsaid.end()) + self._words.end())

    async def _failed(self, branch: Branch, how: Failure, *, ask_next: bool = True) -> None:
        if branch not in self._overdue:
            self._tell(branch, how)
        del self._asked_at[branch]
        self._overdue.discard(branch)
        self._prelude.pop(branch, None)
        await branch.stop()
        if branch is self._speaker:
            self._speaker = None
            if self._ran_tools:
                # Asking anew might run them a second time.
                self._whole = True
                return
            self._unsaid, self._words = Unsaid(self._said), WholeWords()
        if ask_next and not self._asked_at:
            await self._ask_next()

    def _tell(self, branch: Branch, how: Failure) -> None:
        since = self._last_given if branch is self._speaker else self._asked_at[branch]
        branch.health.failed(how)
        went_to = self._to_ask[0].name if self._to_ask else ""
        cost_ms = 1000 * (self._loop.time() - since)
        self._report(Incident("llm", branch.name, how, cost_ms, went_to))

    async def _ask_next(self) -> None:
        if not self._to_ask:
            return
        branch = self._to_ask.pop(0)
        if branch in self._asked_at:
            await branch.stop()
        self._overdue.discard(branch)
        self._prelude.pop(branch, None)
        self._asked_at[branch] = self._loop.time()
        self._attempts[branch] += 1
        await branch.give(LLMContextFrame(context=self._context_for(branch)))

    def _context_for(self, branch: Branch) -> LLMContext:
        if not speakable(self._said) or _stands_in(branch):
            return self._context
        messages: list[Any] = [
            *self._context.get_messages(),
            {"role": "assistant", "content": self._said.strip()},
            {"role": "developer", "content": GO_ON},
        ]
        return LLMContext(messages, self._context.tools, self._context.tool_choice)


def _stands_in(branch: Branch) -> bool:
    """Whether it answers by rules: always the whole answer, and only when no model does."""
    return getattr(branch.service, "stand_in", False)


def _can_be_meant(call: FunctionCallFromLLM, tools: Any) -> bool:
    """Whether there is such a tool and its required arguments are there."""
    if not isinstance(call.arguments, dict) or not isinstance(tools, ToolsSchema):
        return False
    schemas = {schema.name: schema for schema in tools.standard_tools}
    schemas |= {wrapper.name: wrapper.to_function_schema() for wrapper in tools.direct_functions}
    schema = schemas.get(call.function_name)
    return schema is not None and all(name in call.arguments for name in schema.required)
