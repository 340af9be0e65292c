"""Who further on in a pipeline listens to audio."""

from collections.abc import Iterator

from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService

# What comes from here, and stands behind speech-to-text, takes text or the bot's own audio; behind
# the output it takes neither's. Of a processor that is added to the others nobody knows.
_DEAF = (
    "calls.", "services.", "processors.filler_words", "processors.silence_bound",
    "processors.spoken_text", "processors.stage_latency", "pipecat.pipeline.pipeline",
    "pipecat.services.", "pipecat.processors.aggregators.", "pipecat.transports.",
)  # fmt: skip


def anyone_listens_after(processor: FrameProcessor) -> bool:
    """Whether the caller's audio, 50 frames a second, is of use behind this processor.

    It is where a processor stands that is none of this project's own or of Pipecat's services and
    transports, a model that may take speech, or one that says so itself: `hears_caller = True`.
    """
    return any(map(_hears_caller, _after(processor)))


def anyone_foreign_after(processor: FrameProcessor) -> bool:
    """Whether anybody behind may have a use for the bot's audio, or for what observers look at.

    It is a processor that is none of this project's own or of Pipecat's services and transports.
    """
    return any(map(_is_foreign, _after(processor)))


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


def _hears_caller(processor: FrameProcessor) -> bool:
    says: bool | None = getattr(processor, "hears_caller", None)
    # A model may take speech.
    return (isinstance(processor, LLMService) or _is_foreign(processor)) if says is None else says


def _is_foreign(processor: FrameProcessor) -> bool:
    return not type(processor).__module__.startswith(_DEAF)
