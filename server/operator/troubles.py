"""What went wrong in a call, read from its events: a sentence each, and how much it weighs."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from calls.records.event import Event

Kind = Literal["provider_lost", "dead_air", "error", "tool", "unhandled", "provider_failed"]

_STAGES = {
    "stt": "the speech-to-text",
    "llm": "the language model",
    "tts": "the text-to-speech",
    "tool": "a tool",
}
_HOW = {
    "silent": "gave nothing",
    "refused": "refused",
    "stalled": "stopped in the middle",
    "cut": "broke off",
    "empty": "gave nothing that could be used",
    "nonsense": "gave what cannot be true",
}
_WEIGHTS: Mapping[Kind, int] = {
    "provider_lost": 60,
    "error": 50,
    "tool": 40,
    "dead_air": 30,
    "unhandled": 20,
    "provider_failed": 10,
}
_QUOTED_AT_MOST = 80


@dataclass(frozen=True)
class Trouble:
    """Something that went wrong.

    Attributes:
        at_s: When it first did, since the call was answered.
        times: How often.
        stage: Of a provider.
    """

    kind: Kind
    at_s: float
    sentence: str
    times: int = 1
    stage: str = ""

    @property
    def weight(self) -> int:
        return _WEIGHTS.get(self.kind, 0)


def spoken_s(seconds: float) -> str:
    """As people read it: "6.2 s", from a minute on "1:05"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return clock(seconds)


def clock(seconds: float) -> str:
    """A moment of a call: "0:12", "1:05"."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def troubles_of(events: Sequence[Event]) -> Iterator[Trouble]:
    """Everything that went wrong, the same things counted together."""
    yield from _providers(events)
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


def _providers(events: Sequence[Event]) -> Iterator[Trouble]:
    alike: dict[tuple[str, ...], list[Event]] = defaultdict(list)
    for event in events:
        if event.kind == "provider_failed":
            facts = event.facts
            key = tuple(str(facts.get(k, "")) for k in ("stage", "provider", "how", "went_to"))
            alike[key].append(event)
    for (stage, provider, how, went_to), failed in alike.items():
        first = failed[0]
        cost_s = max(float(event.facts.get("cost_ms") or 0) for event in failed) / 1000
        lost = f" for {spoken_s(cost_s)}" if how == "silent" else f" ({spoken_s(cost_s)} lost)"
        what = (
            f"At {clock(first.at_s)} {_STAGES.get(stage, stage)} {provider} "
            f"{_HOW.get(how, how)}{lost if cost_s >= 0.1 else ''}"
        )
        again = f" ({len(failed)} times in all)" if len(failed) > 1 else ""
        then = f"; {went_to} took over" if went_to else " and nobody was left to ask"
        kind: Kind = "provider_failed" if went_to else "provider_lost"
        yield Trouble(kind, first.at_s, f"{what}{again}{then}.", len(failed), stage)


def _silence(events: Sequence[Event]) -> Iterator[Trouble]:
    over = [e for e in events if e.kind == "dead_air" and e.facts.get("steps")]
    reached = [e for e in events if e.kind == "silence_bound"]
    if not over and not reached:
        return
    waited_for = _waited_for(reached[0].facts) if reached else ""
    if over:
        longest = max(over, key=lambda event: event.facts["dead_air_ms"])
        for_s = longest.facts["dead_air_ms"] / 1000
        began_s = max(0.0, longest.at_s - for_s)
        again = f", and {len(over) - 1} more such silences" if len(over) > 1 else ""
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
    stages = [_STAGES.get(str(one), str(one)) for one in facts.get("outstanding") or ()]
    return f", waiting for {' and '.join(stages)}" if stages else ""


def _tools(events: Sequence[Event]) -> Iterator[Trouble]:
    alike: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.kind == "tool" and event.facts.get("error"):
            alike[str(event.facts.get("name")), str(event.facts["error"])].append(event)
    for (name, error), failed in alike.items():
        again = f" ({len(failed)} times in all)" if len(failed) > 1 else ""
        sentence = f"At {clock(failed[0].at_s)} the tool {name} failed{again}: {_short(error)}."
        yield Trouble("tool", failed[0].at_s, sentence, len(failed))


def _error(event: Event) -> Trouble:
    what = event.facts.get("error") or event.facts.get("message") or "no more is known"
    sentence = f"At {clock(event.at_s)} the call's pipeline failed: {_short(str(what))}."
    return Trouble("error", event.at_s, sentence)


def _quoted(text: str) -> str:
    return f' with "{_short(str(text))}"' if text else ""


def _short(text: str) -> str:
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= _QUOTED_AT_MOST else f"{text[:_QUOTED_AT_MOST].rstrip()}…"
