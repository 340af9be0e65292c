"""Where events of calls go: one store a process."""

from calls.records.database import Database
from calls.records.event import Event


class RecordStore:
    """Keeps the events of this process's calls.

    Parameters:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.dropped = 0
        self.spilled = 0

    def put(self, event: Event) -> None:
        """Take an event. It never waits and never raises."""
        raise NotImplementedError

    async def flush(self) -> None:
        """Wait until everything that was put is kept: in the database, or spilled."""
        raise NotImplementedError

    async def close(self) -> None:
        """Keep what was put, and end."""
        raise NotImplementedError
