"""What is true of the process at the moment that it is asked."""

import shutil
from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from calls.records.store import RecordStore
from calls.webhook.webhook import Webhook
from server.house import House
from server.metrics.loop_lag import LoopLag
from server.metrics.told import CallMetrics


class Gauges:
    """A Prometheus collector: reads the house whenever it is asked, and keeps nothing."""

    def __init__(
        self,
        house: House,
        calls: CallMetrics,
        lag: LoopLag,
        store: RecordStore | None,
        webhook: Webhook | None,
    ) -> None:
        self._house = house
        self._calls = calls
        self._lag = lag
        self._store = store
        self._webhook = webhook

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering should not read the house."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every gauge with its values."""
        yield from self._of_lines()
        yield self._of_live_calls()
        yield self._of_breakers()
        yield from self._of_the_disk()
        yield from self._of_what_remains()
        yield _gauge(
            "event_loop_lag_seconds",
            "The longest that a timer waited for the event loop in the last 30 to 60 s.",
            self._lag.longest_s,
        )
        yield _gauge(
            "silence_bound_seconds",
            "The longest silence that a caller who is owed an answer should meet.",
            self._house.settings.silence_bound_ms / 1000,
        )

    def _of_lines(self) -> Iterator[Metric]:
        lines = self._house.lines
        yield _gauge("lines", "How many calls are taken at once.", lines.max_calls)
        free = 0 if lines.closed else max(0, lines.max_calls - lines.in_use)
        yield _gauge(
            "headroom_calls",
            "How many more calls can be sent here; none once the server drains.",
            free,
        )

    def _of_live_calls(self) -> Metric:
        live = GaugeMetricFamily(
            "switchboard_live_calls", "Calls that run now.", labels=("bot", "channel")
        )
        for labels, count in self._calls.live().items():
            live.add_metric(labels, count)
        return live

    def _of_breakers(self) -> Metric:
        breakers = GaugeMetricFamily(
            "switchboard_breaker_open",
            "1 while a provider is not relied on, because it failed.",
            labels=("stage", "provider"),
        )
        for stage, rows in self._house.choices.items():
            for choice in rows:
                breakers.add_metric((stage, choice.name), float(choice.health.open))
        return breakers

    def _of_what_remains(self) -> Iterator[Metric]:
        for what, why in (("dropped", "could not be kept"), ("spilled", "had to go to a file")):
            yield CounterMetricFamily(
                f"switchboard_record_events_{what}",
                f"Events of calls that {why}.",
                value=getattr(self._store, what, 0),
            )
        yield _gauge(
            "webhook_oldest_owed_seconds",
            "Since when the call that ended first has not been told to CALL_WEBHOOK_URL.",
            self._webhook.oldest_owed_s if self._webhook else 0.0,
        )

    def _of_the_disk(self) -> Iterator[Metric]:
        try:
            disk = shutil.disk_usage(self._house.settings.data_dir)
        except OSError:
            return
        yield _gauge("data_disk_bytes", "The size of the disk under DATA_DIR.", disk.total)
        yield _gauge("data_disk_free_bytes", "What is free of it.", disk.free)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"switchboard_{name}", what, value=value)
