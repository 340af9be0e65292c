"""An event on its way to the database, in memory or as a line of a file."""

import json
from dataclasses import dataclass, replace
from typing import Any

from calls.records.event import Event
from calls.records.facts import as_json
from calls.records.schema import moment_of, ms_of


@dataclass(frozen=True)
class Kept:
    """An event, and its facts as text as they were when it was put."""

    event: Event
    facts: str

    @classmethod
    def of(cls, event: Event) -> "Kept":
        """An event as it is now; its facts may be changed afterwards by whoever has them."""
        facts = as_json(event.facts)
        return cls(replace(event, facts=json.loads(facts)), facts)

    @classmethod
    def read(cls, line: str) -> "Kept":
        """What `line` wrote.

        Raises:
            ValueError: it was not written whole.
        """
        try:
            fields: dict[str, Any] = json.loads(line)
            facts = fields["facts"]
            event = Event(
                str(fields["call_id"]),
                int(fields["seq"]),
                float(fields["at_s"]),
                moment_of(fields["utc_ms"]),
                str(fields["kind"]),
                facts,
            )
        except (KeyError, TypeError, OverflowError, RecursionError) as error:
            raise ValueError(f"no event: {error!r}") from None
        return cls(event, as_json(facts))

    def line(self) -> str:
        """One line of a file."""
        event = self.event
        head = {
            "call_id": event.call_id,
            "seq": event.seq,
            "at_s": event.at_s,
            "utc_ms": ms_of(event.utc),
            "kind": event.kind,
        }
        return f'{json.dumps(head)[:-1]}, "facts": {self.facts}}}\n'
