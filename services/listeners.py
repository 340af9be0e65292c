"""Who further on in a pipeline listens to audio."""

from collections.abc import Iterator

from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService

# What comes from here, and stands behind speech-to-text, takes text or the bot's own audio; behind
# the output it takes neither's.
_DEAF = (
    "calls.", "processors.", "services.", "pipecat.pipeline.pipeline", "pipecat.services.",
    "pipecat.processors.aggregators.", "pipecat.transports.",
)  # fmt: skip


def anyone_listens_after(processor: FrameProcessor) -> bool:
    """Whether the caller's audio, 50 frames a second, is of use behind this processor.

    It is where a processor stands that is none of this project or of Pipecat's services and
    transports, a model that may take speech, or one that says so itself: `hears_caller = True`.
    """
    return any(map(_hears_caller, _after(processor)))


def anyone_hears_bot_after(processor: FrameProcessor) -> bool:
    """Whether the bot's audio, behind the output that has played it, is of use to anybody.

    As `anyone_listens_after`; what says so itself has `hears_bot = True`.
    """
    return any(map(_hears_bot, _after(processor)))


def anyone_foreign_after(processor: FrameProcessor) -> bool:
    """Whether anybody behind is none of this project nor of Pipecat's services and transports."""
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


def _hears_bot(processor: FrameProcessor) -> bool:
    says: bool | None = getattr(processor, "hears_bot", None)
    return _is_foreign(processor) if says is None else says


def _is_foreign(processor: FrameProcessor) -> bool:
    return not type(processor).__module__.startswith(_DEAF)
