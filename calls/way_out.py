"""The way out of a call: what stands before the output, whatever pipeline a bot builds."""

from collections.abc import Callable, Sequence

from pipecat.frames.frames import Frame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.base_transport import BaseTransport

from calls.behind_output import KeepsFromTheRest
from calls.taken_back import TakesBack


def stand_before_output(
    transport: BaseTransport,
    processors: Callable[[], Sequence[FrameProcessor]],
    *,
    follow: Callable[[Frame], None] | None = None,
    shows: bool = True,
) -> BaseTransport:
    """Put processors before the transport's output. Called once for a transport.

    Parameters:
        transport: The call's own; its `output` gives all of it from now on.
        processors: Makes what stands before the output, in its order, once.
        follow: Told of everything that comes out of it, when it is due.
        shows: Whether there is a page that shows words as they are said.
    """
    own_output = transport.output
    made: list[FrameProcessor] = []

    def output() -> FrameProcessor:
        if not made:
            before = (TakesBack(shows=shows), *processors())
            made.append(Pipeline([*before, own_output(), KeepsFromTheRest(follow)]))
        return made[0]

    # On the instance: a bot may still ask what kind of transport it has.
    transport.output = output  # type: ignore[method-assign]
    return transport
