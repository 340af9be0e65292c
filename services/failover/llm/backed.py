"""A language model with others behind it: the caller hears one answer, whoever gives it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    CancelFrame,
    EagerEndOfTurnCancelFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    FunctionCallFromLLM,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    LLMUpdateSettingsFrame,
    MetricsFrame,
    StartFrame,
    SystemFrame,
    TTSSpeakFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings

from services.failover.branch import Branch
from services.failover.health import Health, by_health
from services.failover.incident import Report
from services.failover.llm.answer import Answer, Given, NobodyAnswered
from services.failover.llm.candour import watch_the_end
from services.failover.llm.probe import Probe

# What makes the gate let go of an answer; every other frame of the system overtakes it.
_VERDICTS = (EagerEndOfTurnCancelFrame, InterruptionFrame, UserStoppedSpeakingFrame)

APOLOGY = "I am sorry, something went wrong on my side. Could you say that once more?"
APOLOGY_TYPE = "apology"
"""The text type of it, by which it is told from an answer."""


class BackedLLM(LLMService[Any]):
    """Stands in a pipeline where a language model stands, and asks several.

    The first that can be relied on is asked. When it owes a first speakable word (or a tool call)
    past its deadline, or fails, the next is asked the same; whoever answers first speaks and the
    others are stopped. When the one that speaks dies, the next goes on after the last whole word.
    Tools are run here, once, for the one that speaks. A tool outlives a barge-in: its result is
    in the context when it is done.

    An answer that is asked for before the caller's turn is over is held by Pipecat's gate. Its
    tools wait for the turn's end as well, and are run then, unless it is withdrawn.

    Parameters:
        providers: Name, service and health; the first is the one wished for. A single provider
            is asked a second time on its own.
        report: Told of every failure.
        tool_deadline_s: After this a tool is cancelled and the model told so.
        apology: Said when nobody answers; it is not put into the context.
        known_answer: The answer to a conversation that needs no model, "" where it needs one.
    """

    hears_caller = False

    def __init__(
        self,
        providers: Sequence[tuple[str, LLMService[Any], Health]],
        *,
        report: Report,
        tool_deadline_s: float | None = None,
        apology: str = APOLOGY,
        known_answer: Callable[[LLMContext], str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            settings=_nothing_of_its_own(), function_call_timeout_secs=tool_deadline_s, **kwargs
        )
        self._report = report
        self._apology = apology
        self._known_answer = known_answer
        self._answer: Answer | None = None
        self._probes: dict[str, Probe] = {}
        self._turn_over = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._withdrawn_up_to = 0
        self._branches = [
            Branch(name, service, health, self._heard) for name, service, health in providers
        ]
        for branch in self._branches:
            watch_the_end(branch.service)
            # Instance attribute: what the provider's service asks for is run here or not at all.
            branch.service.run_function_calls = partial(self._asked_for_tools, branch)  # type: ignore[attr-defined]

    @property
    def inner(self) -> tuple[LLMService[Any], ...]:
        """The services in the order of preference."""
        return tuple(branch.service for branch in self._branches)  # type: ignore[misc]

    def append_system_instruction(self, instruction: str) -> None:
        for service in self.inner:
            service.append_system_instruction(instruction)

    @property
    def stand_in(self) -> bool:
        """Whether nobody here is a language model."""
        return all(map(_is_stand_in, self.inner))

    async def run_inference(self, *args: Any, **kwargs: Any) -> str | None:
        models = [b for b in by_health(self._branches) if not _is_stand_in(b.service)]
        service: Any = models[0].service if models else self.inner[0]
        return await service.run_inference(*args, **kwargs)

    async def setup(self, setup: FrameProcessorSetup) -> None:
        await super().setup(setup)
        for branch in self._branches:
            await branch.setup(self, setup)

    async def cleanup(self) -> None:
        await super().cleanup()
        await asyncio.gather(*(branch.cleanup(self) for branch in self._branches))

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case LLMContextFrame():
                await self._asked(frame)
            case EagerEndOfTurnCancelFrame():
                self._withdrawn_up_to = frame.id
                await self.push_frame(frame, direction)
            case LLMUpdateSettingsFrame():
                await self._hand_on_settings(frame)
            case StartFrame() | EndFrame() | CancelFrame():
                for branch in self._branches:
                    await branch.give(frame)
                await self.push_frame(frame, direction)
            case _:
                await self.push_frame(frame, direction)

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        in_order = isinstance(frame, _VERDICTS) or not isinstance(frame, SystemFrame)
        if in_order and direction is FrameDirection.DOWNSTREAM:
            # The gate decides in order, and what it lets go is pushed piece by piece: the next
            # word of the model must not get between the held ones.
            async with self._one_at_a_time:
                await super().push_frame(frame, direction)
        else:
            await super().push_frame(frame, direction)
        if not self._speculation_gate.is_speculating:
            self._turn_over.set()

    async def _handle_interruptions(self, _: InterruptionFrame) -> None:
        """Unlike Pipecat's: a tool that runs goes on, for what it does cannot be taken back."""

    async def _hand_on_settings(self, frame: LLMUpdateSettingsFrame) -> None:
        first, *others = self._branches
        await first.give(frame)
        if frame.delta is not None:
            # A model's name means nothing to another provider.
            delta = replace(frame.delta, model=LLMSettings().model)
            for branch in others:
                await branch.give(LLMUpdateSettingsFrame(delta=delta))

    async def _asked(self, frame: LLMContextFrame) -> None:
        if frame.speculation and frame.id < self._withdrawn_up_to:
            # The withdrawal is a system frame: it has overtaken what it withdraws.
            self._speculation_gate.begin_speculation(False)
            return
        if self._speculation_gate.is_speculating:
            self._turn_over.clear()
        else:
            self._turn_over.set()
        if not frame.speculation and _is_answered(frame.context):
            # What it was to answer was taken back in the meantime: the caller goes on.
            logger.debug("The conversation ends with an answer: the model is not asked.")
            return
        if known := self._known_answer and self._known_answer(frame.context):
            await self._say(known)
        else:
            await self._answer_to(frame.context)

    async def _say(self, known: str) -> None:
        for frame in (LLMFullResponseStartFrame(), LLMTextFrame(known), LLMFullResponseEndFrame()):
            await self.push_frame(frame)

    async def _run_tools(self, calls: Sequence[FunctionCallFromLLM]) -> None:
        """Run them once the caller's turn is over: what they do cannot be taken back."""
        await self._turn_over.wait()
        await super().run_function_calls(calls)

    async def _answer_to(self, context: LLMContext) -> None:
        answer = Answer(
            context,
            self._branches,
            pass_on=self._pass_on,
            run_tools=self._run_tools,
            report=self._report,
        )
        await self.push_frame(LLMFullResponseStartFrame())
        for probe in list(self._probes.values()):
            await probe.end()
        self._answer = answer
        try:
            await answer.give()
        except NobodyAnswered as error:
            logger.error(f"No language model answered: {error}")
            apology = TTSSpeakFrame(self._apology, append_to_context=False, text_type=APOLOGY_TYPE)
            await self.push_frame(apology)
        finally:
            self._answer = None
            await answer.stop_all()
            await self.push_frame(LLMFullResponseEndFrame())
        await self._probe_those_that_rested(context)

    async def _pass_on(self, frame: Frame) -> None:
        if isinstance(frame, LLMTextFrame):
            await self.stop_ttfat_metrics()
        await self.push_frame(frame)

    async def _heard(self, branch: Branch, frame: Frame, direction: FrameDirection) -> None:
        match frame:
            case MetricsFrame():
                await self.push_frame(frame)
            case LLMTextFrame():
                self._given(branch, Given.text(frame.text))
            case LLMFullResponseEndFrame():
                self._given(branch, Given.end())
            case ErrorFrame():
                self._given(branch, Given.error(frame.error))

    async def _asked_for_tools(self, branch: Branch, calls: Sequence[FunctionCallFromLLM]) -> None:
        if calls:
            self._given(branch, Given.tools(calls))

    def _given(self, branch: Branch, given: Given) -> None:
        if probe := self._probes.get(branch.name):
            probe.given(given)
        elif self._answer:
            self._answer.hear(branch, given)

    async def _probe_those_that_rested(self, context: LLMContext) -> None:
        for branch in self._branches:
            if branch.health.open and branch.health.may_probe():
                probe = Probe(branch, done=self._probes.pop)
                self._probes[branch.name] = probe
                self.create_task(probe.run(context), f"{self}::probe::{branch.name}")


def _is_answered(context: LLMContext) -> bool:
    messages: list[Any] = context.messages
    last = messages[-1] if messages else None
    return isinstance(last, dict) and last.get("role") == "assistant" and "tool_calls" not in last


def _is_stand_in(service: object) -> bool:
    return getattr(service, "stand_in", False)


def _nothing_of_its_own() -> LLMSettings:
    return LLMSettings(
        model=None,
        system_instruction=None,
        temperature=None,
        max_tokens=None,
        top_p=None,
        top_k=None,
        frequency_penalty=None,
        presence_penalty=None,
        seed=None,
        filter_incomplete_user_turns=False,
        user_turn_completion_config=None,
        use_provider_thinking_default=False,
    )
