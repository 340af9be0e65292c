"""The figures of one system, from what came of every sound."""

from collections.abc import Iterable, Sequence

from rehearsal.barge_in.outcome import Outcome
from scripts.turns_bench.percentile import percentile

Figures = dict[str, float | int | None]


def summary(outcomes: Sequence[Outcome], *, wanted: int, calls_failed: int) -> Figures:
    """All figures; None where there is nothing to tell. A barge-in is what is looked for."""
    real = [o for o in outcomes if o.item.label == "barge-in"]
    nothing = [o for o in outcomes if o.item.label != "barge-in"]
    found = sum(o.stopped for o in real)
    falsely = sum(o.stopped for o in nothing)
    stops = _known(o.stop_ms for o in real if o.stopped)
    resumed = _known(o.resume_ms for o in nothing if not o.stopped)
    return {
        "precision": found / (found + falsely) if found + falsely else None,
        "recall": found / len(real) if real else None,
        "stop_p50_ms": percentile(stops, 50),
        "stop_p95_ms": percentile(stops, 95),
        "resume_p50_ms": percentile(resumed, 50),
        "resume_p95_ms": percentile(resumed, 95),
        **_by_label(outcomes),
        "sounds": len(outcomes),
        "sounds_missing": wanted - len(outcomes),
        "calls_failed": calls_failed,
    }


def _by_label(outcomes: Sequence[Outcome]) -> Figures:
    counts: Figures = {}
    for label in ("barge-in", "backchannel", "noise", "echo"):
        of_label = [o for o in outcomes if o.item.label == label]
        name = label.replace("-", "_")
        counts[f"{name}_stopped"] = sum(o.stopped for o in of_label)
        counts[f"{name}_sounds"] = len(of_label)
    return counts


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
