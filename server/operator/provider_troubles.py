"""Which providers failed a call, how often, and who answered instead: a sentence each story.

A stage whose providers fail one after the other until nobody is left is one story.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from calls.records.event import Event
from server.operator.trouble import STAGES, Trouble, clock, spoken_s

_HOW = {
    "silent": "gave nothing",
    "refused": "refused",
    "stalled": "stopped in the middle",
    "cut": "broke off",
    "empty": "gave nothing that could be used",
    "nonsense": "gave what cannot be true",
}
_SHORTLY_S = 30.0
_WORTH_SAYING_S = 0.1


def provider_troubles(events: Sequence[Event]) -> Iterator[Trouble]:
    """What is to be said of the providers, each stage by itself."""
    stages: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.kind == "provider_failed":
            stages[str(event.facts.get("stage", ""))].append(event)
    for stage, failed in stages.items():
        if story := _lost(failed):
            yield _told_of_loss(stage, story)
        yield from _covered(stage, [event for event in failed if event not in story])


def _lost(failed: Sequence[Event]) -> list[Event]:
    """The failures that led to nobody being left, and what failed then; none where one was."""
    ends_s = [event.at_s for event in failed if not event.facts.get("went_to")]
    if not ends_s:
        return []
    return [event for event in failed if event.at_s >= ends_s[0] - _SHORTLY_S]


def _told_of_loss(stage: str, story: Sequence[Event]) -> Trouble:
    ends = [event for event in story if not event.facts.get("went_to")]
    sentence, said = "", ""
    for alike in _alike(story, "provider", "how"):
        at = clock(alike[0].at_s)
        when = "and" if at == said else f"{'; at' if sentence else 'At'} {at}"
        who = alike[0].facts.get("provider", "")
        whose = "" if sentence else f"{STAGES.get(stage, stage)} "
        sentence += f"{' ' if at == said else ''}{when} {whose}{who} {_did(alike)}"
        said = at
    at = clock(ends[0].at_s)
    again = f" ({len(ends)} times in all)" if len(ends) > 1 else ""
    then = " and" if at == said else f"; at {at}"
    sentence += f"{then} nobody was left to ask{again}."
    return Trouble("provider_lost", story[0].at_s, sentence, len(ends), stage)


def _covered(stage: str, failed: Sequence[Event]) -> Iterator[Trouble]:
    for alike in _alike(failed, "provider", "how", "went_to"):
        first = alike[0]
        provider, next_one = first.facts.get("provider", ""), first.facts.get("went_to")
        failed_too = any(
            event.facts.get("provider") == next_one and 0 <= event.at_s - one.at_s <= _SHORTLY_S
            for one in alike
            for event in failed
        )
        sentence = (
            f"At {clock(first.at_s)} {STAGES.get(stage, stage)} {provider} {_did(alike)}; "
            f"{next_one} {'was asked' if failed_too else 'took over'}."
        )
        yield Trouble("provider_failed", first.at_s, sentence, len(alike), stage)


def _alike(events: Sequence[Event], *facts: str) -> list[list[Event]]:
    """Those with the same facts together, by when the first of them was."""
    groups: dict[tuple[str, ...], list[Event]] = defaultdict(list)
    for event in events:
        groups[tuple(str(event.facts.get(name, "")) for name in facts)].append(event)
    return list(groups.values())


def _did(alike: Sequence[Event]) -> str:
    """What a provider did wrong, what it cost at most, and how often it did."""
    how = str(alike[0].facts.get("how", ""))
    cost_s = max(float(event.facts.get("cost_ms") or 0) for event in alike) / 1000
    lost = f" for {spoken_s(cost_s)}" if how == "silent" else f" ({spoken_s(cost_s)} lost)"
    again = f" ({len(alike)} times in all)" if len(alike) > 1 else ""
    return f"{_HOW.get(how, how)}{lost if cost_s >= _WORTH_SAYING_S else ''}{again}"
