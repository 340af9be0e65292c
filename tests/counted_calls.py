"""A house whose calls are told to its metrics, and what a scraper reads of it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from calls import Bot
from calls.records.event import Event
from server.house import House
from server.lines import Lines
from server.metrics.page import Metrics
from services.choice import choose
from settings import Settings
from tests.no_pipeline import no_pipeline

OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def a_house(folder: Path, *, max_calls: int = 4) -> House:
    """A house with two bots and embedded providers."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings.load().model_copy(update={"data_dir": folder})
    bots = {
        name: Bot(name=name, sentence=f"Says {name}.", build=no_pipeline)
        for name in ("greeter", "other_bot")
    }
    return House(settings, choose(settings), bots, Lines(max_calls))


class Counted:
    """A house, its metrics, and calls to tell of."""

    def __init__(self, folder: Path, *, max_calls: int = 4) -> None:
        self.house = a_house(folder, max_calls=max_calls)
        self.metrics = Metrics(self.house)
        self.app = FastAPI()
        self.metrics.install(self.app)

    def tell(self, kind: str, call_id: str = "call-1", **facts: Any) -> None:
        self.metrics.calls.told(Event(call_id, 1, 0.0, datetime.now(UTC), kind, facts))

    def tell_of_a_call(self, call_id: str, *, outcome: str = "resolved") -> None:
        """A call of one turn, with a tool, from its beginning to its end."""
        self.tell("call", call_id, bot="greeter", channel="phone")
        self.tell("tool", call_id, name="find_order", duration_ms=40.0, error=None)
        self.tell("turn", call_id, **A_TURN)
        self.tell("dead_air", call_id, turn=1, dead_air_ms=800.0, steps=0)
        self.tell("outcome", call_id, outcome=outcome, by="rules", why="")
        self.tell("end", call_id, reason="the caller hung up", duration_s=31.5)

    def scrape(self, accept: str = OPEN_METRICS) -> str:
        return TestClient(self.app).get("/metrics", headers={"Accept": accept}).text

    def families(self) -> Iterable[Metric]:
        return text_string_to_metric_families(self.scrape())

    def value(self, name: str, **labels: str) -> float | None:
        """The value of one series, None where there is none."""
        for family in self.families():
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        return None


A_TURN = {
    "turn": 1,
    "said": "where is my order",
    "transcript_final_ms": 120.0,
    "turn_end_ms": 300.0,
    "first_token_ms": 520.0,
    "first_speakable_text_ms": 560.0,
    "first_audio_ms": 700.0,
    "first_audio_out_ms": 730.0,
    "filler_audio_out_ms": None,
}
