"""The understudy: stands in for a language model when there is no key for one."""

import asyncio
import json
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from loguru import logger
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.frames.frames import (
    Frame,
    FunctionCallFromLLM,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
)
from pipecat.metrics.metrics import LLMTokenUsage
from pipecat.processors.aggregators.llm_context import (
    LLMContext,
    is_given,
    standard_message_text,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings

from services.embedded.policy import CallTool, Decision, Policy, Say
from services.embedded.topic import Topic

MODEL = "understudy (stand-in, not a language model)"


class UnderstudyLLMService(LLMService):
    """Holds a bot's conversation by rules: asks for what its tools need, calls them, words results.

    It says that it is a stand-in when asked, and when it is out of its depth.
    """

    stand_in = True
    """Asked to finish another model's answer, it gives the whole of its own."""

    def __init__(
        self,
        *,
        topics: Sequence[Topic] = (),
        instructions: str = "",
        today: Callable[[], date] = date.today,
        **kwargs: Any,
    ) -> None:
        """Make the understudy ready.

        Args:
            topics: What the bot file declares for it.
            instructions: The system instruction, from whose "You are …" it says for whom it
                stands in. Without it, the context's system message is read.
            today: The date that "tomorrow" is counted from, asked for once a turn.
            **kwargs: Passed to Pipecat's `LLMService`.
        """
        kwargs.setdefault(
            "settings",
            LLMSettings(
                model=MODEL,
                system_instruction=instructions or None,
                temperature=None,
                max_tokens=None,
                top_p=None,
                top_k=None,
                frequency_penalty=None,
                presence_penalty=None,
                seed=None,
                filter_incomplete_user_turns=False,
                user_turn_completion_config=None,
            ),
        )
        super().__init__(**kwargs)
        self._topics = tuple(topics)
        self._instructions = instructions
        self._today = today
        self._policy: Policy | None = None
        self._policy_for: tuple[str, ...] = ()

    def can_generate_metrics(self) -> bool:
        """Metrics are reported as for any language model; tokens are words."""
        return True

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer a context; forward everything else."""
        await super().process_frame(frame, direction)
        match frame:
            case LLMContextFrame():
                await self._answer(frame.context)
            case _:
                await self.push_frame(frame, direction)

    async def run_inference(
        self,
        context: LLMContext,
        max_tokens: int | None = None,
        system_instruction: str | None = None,
        response_schema: dict[str, Any] | None = None,
    ) -> str | None:
        """What it would say to this context, outside the pipeline. Calls no tool.

        Args:
            context: The conversation.
            max_tokens: At most this many words.
            system_instruction: Stands in for the instructions.
            response_schema: Not supported; a warning is logged.

        Returns:
            The sentence, or None where it would call a tool or say nothing.
        """
        self._check_response_schema(response_schema)
        policy = self._policy_of(context, system_instruction or "")
        decision = policy.decide(context.get_messages(), self._today())
        if not isinstance(decision, Say) or not decision.text:
            return None
        return " ".join(decision.text.split()[:max_tokens])

    async def _answer(self, context: LLMContext) -> None:
        await self.push_frame(LLMFullResponseStartFrame())
        try:
            await self.start_processing_metrics()
            await self.start_ttfb_metrics()
            decision = self._policy_of(context).decide(context.get_messages(), self._today())
            await self.stop_ttfb_metrics()
            await self._carry_out(decision, context)
        except Exception as error:
            await self.push_error(
                error_msg=f"The understudy could not answer: {error}", exception=error
            )
        finally:
            await self.stop_processing_metrics()
            await self.push_frame(LLMFullResponseEndFrame())

    async def _carry_out(self, decision: Decision, context: LLMContext) -> None:
        spoken = 0
        try:
            match decision:
                case Say(text):
                    for word in re.findall(r"\s*\S+", text):
                        await self._push_llm_text(word)
                        spoken += 1
                        # A barge-in cuts in between any two words.
                        await asyncio.sleep(0)
                case CallTool(_, arguments):
                    spoken = len(json.dumps(arguments).split()) + 1
                    await self.stop_ttfat_metrics()
        finally:
            await self._report_usage(context, spoken)
        if isinstance(decision, CallTool):
            logger.debug(f"{self}: calls {decision.name} with {sorted(decision.arguments)}")
            await self.run_function_calls(
                [
                    FunctionCallFromLLM(
                        function_name=decision.name,
                        tool_call_id=f"understudy-{uuid.uuid4().hex}",
                        arguments=decision.arguments,
                        context=context,
                    )
                ]
            )

    async def _report_usage(self, context: LLMContext, spoken: int) -> None:
        heard = sum(len(standard_message_text(m).split()) for m in context.get_messages())
        await self.start_llm_usage_metrics(
            LLMTokenUsage(
                prompt_tokens=heard, completion_tokens=spoken, total_tokens=heard + spoken
            )
        )

    def _policy_of(self, context: LLMContext, instructions: str = "") -> Policy:
        """The policy for the context's tools; made anew only when they change."""
        tools: list[FunctionSchema] = (
            context.tools.standard_tools if is_given(context.tools) else []
        )
        instructions = instructions or self._instructions
        made_for = (instructions, *(json.dumps(tool.to_default_dict()) for tool in tools))
        if self._policy is None or made_for != self._policy_for:
            self._policy = Policy(tools, self._topics, instructions)
            self._policy_for = made_for
        return self._policy
