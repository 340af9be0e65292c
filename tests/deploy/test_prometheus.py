"""The rules and the dashboard, by Prometheus's own tools and by a Prometheus that scrapes."""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml
from counted_calls import Counted
from dashboard import DEPLOY, dashboard, expressions, metrics_in
from prometheus_process import Prometheus
from uvicorn import Config, Server

RULES = DEPLOY / "prometheus"

needs_prometheus = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="Prometheus is not installed: sudo apt-get install prometheus",
)


def promtool(*arguments: str, folder: Path = RULES) -> str:
    done = subprocess.run(
        ["promtool", *arguments], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def counted(tmp_path: Path) -> Counted:
    return Counted(tmp_path / "data")


def test_rules_and_dashboard_read_only_metrics_that_there_are(counted: Counted) -> None:
    there = {family.name for family in counted.families()}
    read = metrics_in((RULES / "alerts.yml").read_text() + "\n".join(expressions()))
    assert read - there == set()


def test_everything_that_is_measured_is_on_the_dashboard(counted: Counted) -> None:
    there = {family.name for family in counted.families() if family.name.startswith("switchboard")}
    assert there - metrics_in("\n".join(expressions())) == {"switchboard_lines"}


def test_panels_have_titles_and_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        assert panel["title"]
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@needs_prometheus
def test_promtool_accepts_the_rules_and_the_configuration() -> None:
    promtool("check", "rules", "alerts.yml")
    promtool("check", "config", "prometheus.yml")


@needs_prometheus
def test_alerts_fire_when_they_should_and_stay_silent_when_not() -> None:
    promtool("test", "rules", "alerts_test.yml")


@needs_prometheus
def test_promtool_accepts_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:expression:{number}", "expr": expression}
        for number, expression in enumerate(expressions())
    ]
    (tmp_path / "panels.yml").write_text(
        yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]})
    )
    promtool("check", "rules", "panels.yml", folder=tmp_path)


@needs_prometheus
def test_promtool_finds_nothing_wrong_with_what_is_exposed(counted: Counted) -> None:
    counted.tell_of_a_call("call-1")
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=counted.scrape("text/plain"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    # Histograms of the library itself are named without their unit.
    complaints = [line for line in checked.stderr.splitlines() if "switchboard" in line]
    assert complaints == []


@asynccontextmanager
async def served(counted: Counted) -> AsyncIterator[str]:
    """Its host and port."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(Config(counted.app, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@needs_prometheus
async def test_prometheus_that_scrapes_the_server_knows_its_calls(
    counted: Counted, tmp_path: Path
) -> None:
    async with served(counted) as target, Prometheus(tmp_path / "prometheus", target) as scraper:
        targets = await scraper.until(lambda data: data["activeTargets"], "targets")
        assert targets["activeTargets"][0]["labels"]["job"] == "switchboard"
        await scraper.until(lambda data: data["result"], "query", query="switchboard_calls_total")

        counted.tell_of_a_call("call-42", outcome="resolved")
        resolved = 'sum(switchboard_calls_total{outcome="resolved"}) == 1'
        await scraper.until(lambda data: data["result"], "query", query=resolved)
        stages = await scraper.get(
            "query", query="count by (stage) (switchboard_stage_seconds_count)"
        )
        assert {row["metric"]["stage"] for row in stages["result"]} >= {"first_audio_out"}

        exemplars = await scraper.until(
            lambda found: found,
            "query_exemplars",
            query="switchboard_voice_to_voice_seconds_bucket",
            start="0",
            end="9999999999",
        )
        assert exemplars[0]["exemplars"][0]["labels"] == {"call_id": "call-42"}

        counted.tell("dead_air", "call-42", turn=2, dead_air_ms=4000.0, steps=1)
        broken = 'ALERTS{alertname="SwitchboardSilenceBoundBroken", alertstate="firing"}'
        await scraper.until(lambda data: data["result"], "query", query=broken)

        for expression in expressions():
            await scraper.get("query", query=expression)
        up = await scraper.get("query", query='up{job="switchboard"}')
        assert up["result"][0]["value"][1] == "1"
