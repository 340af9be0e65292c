"""The records that the pages read."""

from typing import Annotated, Protocol

from fastapi import Depends, HTTPException
from starlette.requests import HTTPConnection

from calls.records.event import Event
from calls.records.figures import Figures
from calls.records.rows import CallFilter, CallPage, CallRow, Cursor


class CallRecords(Protocol):
    """What the pages need of `calls.records.queries.Records`."""

    async def list_calls(
        self, chosen: CallFilter, /, *, before: Cursor | None = None, limit: int = 50
    ) -> CallPage: ...

    async def call(self, call_id: str, /) -> CallRow | None: ...

    async def events(self, call_id: str, /, *, after_seq: int = 0) -> list[Event]: ...

    async def figures(self, chosen: CallFilter, /) -> Figures: ...

    async def looked_at(self, who: str, what: str, /) -> None: ...


def records_of(connection: HTTPConnection) -> CallRecords:
    return connection.app.state.records


TheRecords = Annotated[CallRecords, Depends(records_of)]


async def row_of(records: CallRecords, call_id: str) -> CallRow:
    """The call of that id.

    Raises:
        HTTPException: 404, when there is none.
    """
    row = await records.call(call_id)
    if row is None:
        raise HTTPException(404, "There is no record of this call. It may have been erased.")
    return row
