"""Who further on in a pipeline listens to the caller's audio."""

from collections.abc import Iterator

from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService

# What comes from here, and stands behind speech-to-text, takes text or the bot's own audio.
_DEAF = (
    "calls.", "processors.", "services.", "pipecat.pipeline.pipeline", "pipecat.services.",
    "pipecat.processors.aggregators.", "pipecat.transports.",
)  # fmt: skip


def anyone_listens_after(processor: FrameProcessor) -> bool:
    """Whether the caller's audio, 50 frames a second, is of use behind this processor.

    It is where a processor stands that is none of this project or of Pipecat's services and
    transports, a model that may take speech, or one that says so itself: `hears_caller = True`.
    """
    return any(map(_listens, _after(processor)))


def _after(processor: FrameProcessor) -> Iterator[FrameProcessor]:
    following = processor.next
    while following is not None:
        yield from _within(following)
        following = following.next


def _within(processor: FrameProcessor) -> Iterator[FrameProcessor]:
    yield processor
    if type(processor) is Pipeline:
        for inner in processor.processors:
            yield from _within(inner)


def _listens(processor: FrameProcessor) -> bool:
    says: bool | None = getattr(processor, "hears_caller", None)
    if says is not None:
        return says
    may_take_speech = isinstance(processor, LLMService)
    return may_take_speech or not type(processor).__module__.startswith(_DEAF)
