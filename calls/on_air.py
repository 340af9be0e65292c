"""The calls that run in this process, by id, for whoever looks after them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calls.call import Call


class OnAir:
    """Knows a call from its pipeline's start to its end."""

    def __init__(self) -> None:
        self._calls: dict[str, Call] = {}

    @contextmanager
    def while_it_runs(self, call: "Call") -> Iterator[None]:
        self._calls[call.id] = call
        try:
            yield
        finally:
            self._calls.pop(call.id, None)

    def find(self, call_id: str) -> "Call | None":
        return self._calls.get(call_id)


ON_AIR = OnAir()
"""Of this process."""
