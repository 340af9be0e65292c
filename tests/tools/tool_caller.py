"""A stand-in for the call and the language model, as far as tools see them."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

from pipecat.frames.frames import Frame, FunctionCallResultProperties, TTSSpeakFrame
from pipecat.services.llm_service import FunctionCallParams


class CallOnTheBench:
    """Records in `events`, in order, what a tool does to the call."""

    def __init__(
        self,
        data_dir: Path,
        *,
        channel: str = "web",
        caller: str = "",
        handoff_number: str = "",
        redirect_error: str = "",
    ) -> None:
        self.data_dir = data_dir
        self.channel = channel
        self.caller = caller
        self.handoff_number = handoff_number
        self.events: list[tuple[str, Any]] = []
        self.outcomes: list[str] = []
        self.ratings: list[tuple[int, str]] = []
        self.context: Any = None
        self._redirect_error = redirect_error

    async def show(self, message: dict[str, Any]) -> None:
        self.events.append(("shown", message))

    async def end_after_words(self, reason: str) -> None:
        self.events.append(("ended", reason))

    def set_outcome(self, outcome: str, why: str = "") -> None:
        self.outcomes.append(outcome)

    def rated(self, score: int, by: str) -> None:
        self.ratings.append((score, by))

    async def redirect(self, number: str) -> None:
        if self._redirect_error:
            raise RuntimeError(self._redirect_error)
        self.events.append(("redirected", number))

    async def push_frame(self, frame: Frame) -> None:
        assert isinstance(frame, TTSSpeakFrame)
        self.events.append(("spoken", frame.text))

    async def uses(self, tool: Callable[..., Awaitable[Any]], **arguments: Any) -> dict[str, Any]:
        """Call the tool as the language model would and return its one result."""
        results: list[tuple[dict[str, Any], FunctionCallResultProperties | None]] = []

        async def result_callback(
            result: Any, *, properties: FunctionCallResultProperties | None = None
        ) -> None:
            results.append((result, properties))
            self.events.append(("result", properties))

        name = getattr(tool, "__name__", "")
        params = FunctionCallParams(
            function_name=name,
            tool_call_id="1",
            arguments=arguments,
            llm=cast(Any, self),
            pipeline_worker=cast(Any, None),
            context=self.context,
            result_callback=result_callback,
            app_resources=self,
        )
        await tool(params, **arguments)
        ((result, _),) = results
        return result

    def heard(self) -> list[str]:
        """What the tool said by itself, without the model."""
        return [what for event, what in self.events if event == "spoken"]
