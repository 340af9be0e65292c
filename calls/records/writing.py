"""What the store's thread does: the database, the file while it is away, and dead processes."""

import time
from collections.abc import Sequence

from loguru import logger
from sqlalchemy import select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from calls.records.closing import CostOf, last_events, left_open
from calls.records.database import Database, in_short
from calls.records.kept import Kept
from calls.records.owner import Owner, buried, is_alive
from calls.records.schema import calls
from calls.records.scribe import Scribe
from calls.records.spill import ESSENTIAL, FOLDER, Spill, spills_in

# Until an absent database is tried again.
_TRY_AGAIN_S = (0.5, 5.0)
_ROUND_EVERY_S = 20.0


class Writing:
    """Brings events to the database, in the order in which they are given. For one thread.

    Parameters:
        database: Where they belong.
        pending_at_most: Events that stay in memory when they can go neither there nor to the file.
        spill_at_most: Bytes of the file.
        cost_of: As in `RecordStore`.
    """

    def __init__(
        self,
        database: Database,
        *,
        pending_at_most: int,
        spill_at_most: int,
        cost_of: CostOf | None = None,
    ) -> None:
        self.dropped = 0
        self.spilled = 0
        self._database = database
        self._scribe = Scribe()
        self._cost_of = cost_of
        self._owner: Owner | None = None
        self._spill: Spill | None = None
        self._spill_at_most = spill_at_most
        self._pending: list[Kept] = []
        self._pending_at_most = pending_at_most
        self._away_since_s: float | None = None
        self._lost_while_away = 0
        self._patience_s = _TRY_AGAIN_S[0]
        self._try_at_s = 0.0
        self._round_at_s = 0.0

    @property
    def at_latest_in_s(self) -> float | None:
        """When `keep` is to be called even if no event comes."""
        away = self._away_since_s is not None
        due_s = self._try_at_s if away else self._round_at_s
        return max(0.01, due_s - time.monotonic())

    def keep(self, batch: Sequence[Kept]) -> None:
        """Take events, and write what there is."""
        self._pending.extend(batch)
        now_s = time.monotonic()
        if now_s >= self._try_at_s:
            try:
                self._to_database(now_s)
            except Exception as error:
                # Whatever it is: a thread that ends here keeps no call's record any more.
                self._went_away(error)
        if self._pending:
            self._to_file()

    def end(self) -> None:
        """Nothing more comes."""
        in_order = self._away_since_s is None
        try:
            if self._owner and in_order:
                with self._database.writing() as connection:
                    self._owner.leaves(connection)
            self._database.close()
        except (SQLAlchemyError, OSError) as error:
            in_order = False
            logger.warning(f"The records' database was not left in order: {in_short(error)}")
        if self._owner:
            self._owner.close(in_order=in_order)

    def _to_database(self, now_s: float) -> None:
        owner = self._owner = self._owner or Owner(self._database.folder)
        spill = self._own_spill(owner)
        if now_s >= self._round_at_s:
            self._make_a_round(owner)
            self._round_at_s = now_s + _ROUND_EVERY_S
        if spill:
            spill.take(lambda chunk: self._write(chunk, owner.name))
        if self._pending:
            self._write(self._pending, owner.name)
            self._pending = []
        self._came_back()

    def _write(self, batch: Sequence[Kept], owner: str) -> None:
        try:
            with self._database.writing() as connection:
                self._scribe.write(connection, batch, owner)
        except Exception as error:
            self._scribe.forget()
            if _is_away(error):
                raise
            if len(batch) == 1:
                self._lose(1)
                logger.error(f"An event cannot be kept: {batch[0].event.kind}: {in_short(error)}")
                return
            # One of them is to blame.
            middle = len(batch) // 2
            self._write(batch[:middle], owner)
            self._write(batch[middle:], owner)

    def _make_a_round(self, owner: Owner) -> None:
        """Be seen, and do for processes that died what they cannot do any more."""
        with self._database.writing() as connection:
            owner.lives(connection)
        left = dict(spills_in(self._database.folder))
        with self._database.reading() as connection:
            running = calls.c.ended_ms.is_(None)
            names = set(connection.scalars(select(calls.c.owner).where(running).distinct()))
            names = (names | left.keys()) - {owner.name}
            dead = [n for n in names if not is_alive(connection, self._database.folder, n)]
        for name in dead:
            if name in left:
                left[name].take(lambda chunk, name=name: self._write(chunk, name))
            self._close_calls_of(name)

    def _close_calls_of(self, name: str) -> None:
        with self._database.writing() as connection:
            left = left_open(connection, name)
            for call in left:
                last = [Kept.of(event) for event in last_events(connection, call, self._cost_of)]
                self._scribe.write(connection, last, name)
            buried(connection, self._database.folder, name)
        if left:
            logger.warning(f"{len(left)} calls were interrupted: the process {name} died.")

    def _to_file(self) -> None:
        try:
            if self._owner:
                left_out = self._own_spill(self._owner).append(self._pending)
                self._lose(left_out)
                self.spilled += len(self._pending) - left_out
                self._pending = []
                return
        except OSError as error:
            if not self._lost_while_away:
                logger.error(f"Events of calls cannot even be spilled: {error}")
        over = len(self._pending) - self._pending_at_most
        if over > 0:
            kept = [k for k in self._pending[-over:] if k.event.kind in ESSENTIAL]
            self._lose(over - len(kept))
            self._pending = self._pending[:-over] + kept

    def _own_spill(self, owner: Owner) -> Spill:
        path = self._database.folder / FOLDER / f"{owner.name}.jsonl"
        self._spill = self._spill or Spill(path, at_most=self._spill_at_most)
        return self._spill

    def _lose(self, count: int) -> None:
        self.dropped += count
        self._lost_while_away += count

    def _went_away(self, error: Exception) -> None:
        if self._away_since_s is None:
            self._away_since_s = time.monotonic()
            logger.error(f"The records' database is away, calls go on without: {in_short(error)}")
        self._try_at_s = time.monotonic() + self._patience_s
        self._patience_s = min(2 * self._patience_s, _TRY_AGAIN_S[1])

    def _came_back(self) -> None:
        if self._away_since_s is not None:
            away_s = time.monotonic() - self._away_since_s
            logger.info(
                f"The records' database is back after {away_s:.1f} s; "
                f"{self._lost_while_away} events were lost meanwhile."
            )
        self._away_since_s, self._patience_s, self._lost_while_away = None, _TRY_AGAIN_S[0], 0


def _is_away(error: Exception) -> bool:
    """Whether the database is to blame, and not what was to be written."""
    if isinstance(error, DBAPIError):
        return not isinstance(error, DataError | IntegrityError)
    return isinstance(error, OSError | SQLAlchemyError) and not isinstance(error, StatementError)
