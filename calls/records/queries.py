"""What is read of the records."""

from calls.records.database import Database
from calls.records.event import Event
from calls.records.figures import Figures
from calls.records.rows import CallFilter, CallPage, CallRow, Cursor


class Records:
    """The calls of a database, for whoever looks at them.

    Every method runs its query in a thread.

    Parameters:
        database: Where they are.

    Raises:
        RecordsUnavailable: from every method, when the database cannot be read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_calls(
        self, which: CallFilter, *, before: Cursor | None = None, limit: int = 50
    ) -> CallPage:
        """The newest calls, or those that come after a place in the list."""
        raise NotImplementedError

    async def call(self, call_id: str) -> CallRow | None:
        """One call, None where there is no record of it."""
        raise NotImplementedError

    async def events(self, call_id: str, *, after_seq: int = 0) -> list[Event]:
        """The events of a call in order, all or those after one."""
        raise NotImplementedError

    async def figures(self, which: CallFilter) -> Figures:
        """The numbers of all calls that are chosen."""
        raise NotImplementedError

    async def looked_at(self, who: str, what: str) -> None:
        """Write into the access log that somebody looked at something."""
        raise NotImplementedError
