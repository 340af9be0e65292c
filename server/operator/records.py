"""The records that the pages read."""

from typing import Annotated

from fastapi import Depends, HTTPException
from starlette.requests import HTTPConnection

from calls.records.queries import Records
from calls.records.rows import CallRow


def records_of(connection: HTTPConnection) -> Records:
    return connection.app.state.records


TheRecords = Annotated[Records, Depends(records_of)]


async def row_of(records: Records, call_id: str) -> CallRow:
    """The call of that id.

    Raises:
        HTTPException: 404, when there is none.
    """
    row = await records.call(call_id)
    if row is None:
        raise HTTPException(404, "There is no record of this call. It may have been erased.")
    return row
