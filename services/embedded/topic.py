"""What a bot file declares so that the offline tier can hold its conversation."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Topic:
    """One thing a caller may want, and how the understudy handles it.

    Parameters:
        says: Lines a caller would say for it, lower-case plain words. They also feed the
            language model of the embedded speech-to-text.
        tool: The direct function to call once its required arguments are known. Without one,
            `reply` is all there is.
        asks: Argument name to the question to put when it is missing. A question that names
            other arguments in braces is a read-back:
            `"So that is {day} at {time} for {name}. Shall I book it?"`.
        reply: What to say when there is no tool.
    """

    says: tuple[str, ...]
    tool: Callable[..., Awaitable[Any]] | None = None
    asks: Mapping[str, str] = field(default_factory=dict)
    reply: str = ""
