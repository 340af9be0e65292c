"""The way out of a call, on which it is never silent for longer than the bound."""

from collections.abc import Callable

from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.base_transport import BaseTransport

from calls.taken_back import TakesBack


def stand_before_output(
    transport: BaseTransport, processor: Callable[[], FrameProcessor]
) -> BaseTransport:
    """Put a processor before the transport's output, whatever pipeline a bot builds.

    Parameters:
        transport: The call's own; its `output` gives both from now on.
        processor: Makes what stands before the output, once.
    """
    own_output = transport.output
    made: list[FrameProcessor] = []

    def output() -> FrameProcessor:
        if not made:
            takes_back = TakesBack()
            made.append(Pipeline([takes_back, processor(), own_output(), takes_back.end]))
        return made[0]

    # On the instance: a bot may still ask what kind of transport it has.
    transport.output = output  # type: ignore[method-assign]
    return transport
