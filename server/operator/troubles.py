"""What went wrong in a call, read from its events: a sentence each, and how much it weighs."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from calls.records.event import Event
from server.operator.provider_troubles import provider_troubles
from server.operator.trouble import STAGES, Trouble, clock, spoken_s

_QUOTED_AT_MOST = 80


def troubles_of(events: Sequence[Event]) -> Iterator[Trouble]:
    """Everything that went wrong, the same things counted together."""
    yield from provider_troubles(events)
    yield from _silence(events)
    yield from _tools(events)
    for event in events:
        match event.kind:
            case "error":
                yield _error(event)
            case "unhandled":
                asked = _quoted(event.facts.get("text", ""))
                yield Trouble(
                    "unhandled",
                    event.at_s,
                    f"At {clock(event.at_s)} the bot said that it could not help{asked}.",
                )


def _silence(events: Sequence[Event]) -> Iterator[Trouble]:
    over = [e for e in events if e.kind == "dead_air" and e.facts.get("steps")]
    reached = [e for e in events if e.kind == "silence_bound"]
    if not over and not reached:
        return
    waited_for = _waited_for(reached[0].facts) if reached else ""
    if over:
        longest = max(over, key=lambda event: event.facts["dead_air_ms"])
        for_s = longest.facts["dead_air_ms"] / 1000
        ended_s = longest.at_s - longest.facts.get("ended_ms_ago", 0.0) / 1000
        began_s = max(0.0, ended_s - for_s)
        more = len(over) - 1
        again = f", and {more} more such silence{'s' if more > 1 else ''}" if more else ""
        sentence = (
            f"The caller heard nothing for {spoken_s(for_s)} from {clock(began_s)} on"
            f"{waited_for}{again}."
        )
        yield Trouble("dead_air", began_s, sentence, len(over))
        return
    first = reached[0]
    for_s = float(first.facts.get("silent_ms") or 0) / 1000
    sentence = f"At {clock(first.at_s)} the caller had heard nothing for {spoken_s(for_s)}"
    yield Trouble("dead_air", first.at_s, f"{sentence}{waited_for}.", len(reached))


def _waited_for(facts: Mapping[str, Any]) -> str:
    stages = [STAGES.get(str(one), str(one)) for one in facts.get("outstanding") or ()]
    return f", waiting for {' and '.join(stages)}" if stages else ""


def _tools(events: Sequence[Event]) -> Iterator[Trouble]:
    alike: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.kind == "tool" and event.facts.get("error"):
            alike[str(event.facts.get("name")), str(event.facts["error"])].append(event)
    for (name, error), failed in alike.items():
        again = f" ({len(failed)} times in all)" if len(failed) > 1 else ""
        sentence = (
            f"At {clock(failed[0].at_s)} the tool {name} failed{again}: {_ended(_short(error))}"
        )
        yield Trouble("tool", failed[0].at_s, sentence, len(failed))


def _error(event: Event) -> Trouble:
    what = event.facts.get("error") or event.facts.get("message") or "no more is known"
    sentence = f"At {clock(event.at_s)} the call's pipeline failed: {_ended(_short(str(what)))}"
    return Trouble("error", event.at_s, sentence)


def _quoted(text: str) -> str:
    return f' with "{_short(str(text))}"' if text else ""


def _short(text: str) -> str:
    """Cut between words."""
    text = " ".join(text.split()).rstrip(".")
    if len(text) <= _QUOTED_AT_MOST:
        return text
    return f"{text[:_QUOTED_AT_MOST].rpartition(' ')[0].rstrip(' ,;:')}…"


def _ended(text: str) -> str:
    return text if text.endswith("…") else f"{text}."
