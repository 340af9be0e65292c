"""Providers that know themselves what they are to be paid for."""

from collections.abc import AsyncGenerator

from pipecat.frames.frames import Frame
from pipecat.metrics.metrics import LLMTokenUsage
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext

from calls.usage.usage import Usage
from tests.services.failover.scripted_llm import Reply, ScriptedLLM
from tests.services.failover.scripted_stt import Scripted
from tests.services.failover.tts_fakes import RequestVoice

COUNTED = PipelineParams(enable_metrics=True, enable_usage_metrics=True)
PROMPT_TOKENS = 100
TOKENS_A_WORD = 2


class Paid(ScriptedLLM):
    """A language model that tells its tokens at the end of an answer, like OpenAI's."""

    def __init__(self, *replies: Reply) -> None:
        super().__init__(*replies)
        self.reported: list[LLMTokenUsage] = []

    def can_generate_metrics(self) -> bool:
        return True

    async def run_inference(self, context: LLMContext, *args: object, **kwargs: object) -> str:
        return "A summary of four words."

    async def _give(self, reply: Reply, context: LLMContext) -> None:
        await super()._give(reply, context)
        if reply.error:
            return
        given = TOKENS_A_WORD * len(reply.text.split())
        tokens = LLMTokenUsage(
            prompt_tokens=PROMPT_TOKENS,
            completion_tokens=given,
            total_tokens=PROMPT_TOKENS + given,
            cache_read_input_tokens=40,
        )
        self.reported.append(tokens)
        await self.start_llm_usage_metrics(tokens)


class PaidEar(Scripted):
    """A recogniser that is paid for what it is given to hear."""

    def can_generate_metrics(self) -> bool:
        return True


class PaidVoice(RequestVoice):
    """A voice that is paid for what it is given to say."""

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        await self.start_tts_usage_metrics(text)
        async for frame in super().run_tts(text, context_id):
            yield frame


class Counted:
    """Everything that was used."""

    def __init__(self) -> None:
        self.all: list[Usage] = []

    def __call__(self, usage: Usage) -> None:
        self.all.append(usage)

    def of(self, provider: str) -> list[Usage]:
        return [usage for usage in self.all if usage.provider == provider]

    def told_by(self, provider: str) -> list[Usage]:
        """What the provider said itself."""
        return [usage for usage in self.of(provider) if not usage.estimated]
