"""The way out of a call, on which it is never silent for longer than the bound."""

from collections.abc import Callable
from typing import Any

from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.base_transport import BaseTransport


class BoundedTransport(BaseTransport):
    """A transport with a processor before its output, whatever pipeline it is put into.

    Parameters:
        transport: The call's own.
        before_output: Makes what stands before the output.
    """

    def __init__(
        self, transport: BaseTransport, before_output: Callable[[], FrameProcessor]
    ) -> None:
        super().__init__(name=f"bounded {transport.name}")
        self._transport = transport
        self._before_output = before_output
        self._output: FrameProcessor | None = None

    def input(self) -> FrameProcessor:
        return self._transport.input()

    def output(self) -> FrameProcessor:
        if self._output is None:
            self._output = Pipeline([self._before_output(), self._transport.output()])
        return self._output

    def event_handler(self, event_name: str) -> Any:
        return self._transport.event_handler(event_name)

    def add_event_handler(self, event_name: str, handler: Any) -> None:
        self._transport.add_event_handler(event_name, handler)

    def __getattr__(self, name: str) -> Any:
        """Whatever else a kind of transport can do."""
        return getattr(self._transport, name)
