"""Requests to a language model that the model's own count says nothing of.

Most providers tell the tokens at the end of the stream. An answer that is cut by the caller, given
up for another's, or thrown away because it was asked for too early never gets there, and is paid
for all the same. So is a summary, of which Pipecat does not pass on the count.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipecat.frames.frames import ErrorFrame, Frame, LLMContextFrame, LLMTextFrame
from pipecat.processors.aggregators.llm_context import LLMContextMessage
from pipecat.processors.frame_processor import FrameDirection

from calls.harmless import harmless
from calls.usage.estimate import messages_of, tokens_asked, tokens_of

Estimated = Callable[..., None]


@dataclass
class _Request:
    messages: list[LLMContextMessage]
    tools: Any
    given: str = ""
    refused: bool = False
    reported: bool = False


class Requests:
    """The requests to one service, one after another.

    Parameters:
        service: The service.
        estimated: Told `prompt_tokens` and `completion_tokens` of those it does not report.
    """

    def __init__(self, service: Any, estimated: Estimated) -> None:
        self._service = service
        self._estimated = estimated
        self._now: _Request | None = None

    def reported(self) -> None:
        """The provider told the tokens of the request that runs."""
        if self._now:
            self._now.reported = True

    @harmless
    def begins(self, frame: LLMContextFrame) -> None:
        """A request is about to be sent."""
        self._now = _Request(messages_of(frame.context), frame.context.tools)

    @harmless
    def gives(self, frame: Frame) -> None:
        """The service pushed something."""
        if self._now is None:
            return
        match frame:
            case LLMTextFrame():
                self._now.given += frame.text
            case ErrorFrame():
                self._now.refused = True

    @harmless
    def over(self) -> None:
        """The request has been answered, or was given up."""
        request, self._now = self._now, None
        if request is None or request.reported or (request.refused and not request.given):
            return
        self._estimated(
            prompt_tokens=tokens_asked(self._service, request.messages, request.tools),
            completion_tokens=tokens_of(request.given),
        )

    @harmless
    def inferred(self, context: Any, answer: str | None, instructions: str | None) -> None:
        """Something was asked outside of the pipeline."""
        self._estimated(
            prompt_tokens=tokens_asked(
                self._service, messages_of(context), instructions=instructions
            ),
            completion_tokens=tokens_of(answer or ""),
        )


def watch_requests(service: Any, estimated: Estimated) -> Requests:
    """Have a language model's service tell of its requests."""
    requests = Requests(service, estimated)
    process_frame, push_frame = service.process_frame, service.push_frame
    run_inference = service.run_inference

    async def processed(frame: Frame, direction: FrameDirection) -> None:
        if not isinstance(frame, LLMContextFrame):
            await process_frame(frame, direction)
            return
        requests.begins(frame)
        try:
            await process_frame(frame, direction)
        finally:
            requests.over()

    async def pushed(frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        requests.gives(frame)
        await push_frame(frame, direction)

    async def inferred(context: Any, *args: Any, **kwargs: Any) -> str | None:
        answer = await run_inference(context, *args, **kwargs)
        requests.inferred(context, answer, kwargs.get("system_instruction"))
        return answer

    # Instance attributes: Pipecat calls these by name, and its services take no listener.
    service.process_frame, service.push_frame = processed, pushed
    service.run_inference = inferred
    return requests
