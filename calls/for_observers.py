"""What only observers look at goes no further than to where nobody else can have a use for it."""

from pipecat.frames.frames import AggregatedTextProgressFrame, Frame, MetricsFrame
from pipecat.processors.frame_processor import FrameProcessor

from services.listeners import anyone_foreign_after


class ForObservers:
    """Tells what may end at a processor, unless a foreign one stands behind it.

    Parameters:
        shows: Whether there is a page that shows words as they are said.
    """

    def __init__(self, *, shows: bool) -> None:
        self._kinds = (MetricsFrame,) if shows else (MetricsFrame, AggregatedTextProgressFrame)
        self._ending: tuple[type[Frame], ...] = ()

    def started(self, processor: FrameProcessor) -> None:
        """The pipeline stands: who is behind the processor is known."""
        self._ending = () if anyone_foreign_after(processor) else self._kinds

    def ends(self, frame: Frame) -> bool:
        """Whether nobody behind has a use for it."""
        return isinstance(frame, self._ending)
