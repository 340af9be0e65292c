"""What Prometheus, a collector and the receiver of a webhook get of a running server."""

import shutil
import sys
from pathlib import Path

import aiohttp
import pytest
from collector import Collector, Sent
from conftest import OpenReception
from prometheus_process import Prometheus
from pydantic import SecretStr
from receiving import SECRET, Receiving

from rehearsal.caller import speak
from rehearsal.phone import TwilioPhone
from rehearsal.server_process import ServerProcess
from rehearsal.standins import Script, StandIns

OPERATOR = "the-token-of-the-operators"
SAID = "where is my order four seven two nine one"
RUN = [sys.executable, "-c", "from scripts.switchboard import main; main()", "serve"]

needs_prometheus = pytest.mark.skipif(
    not shutil.which("prometheus"),
    reason="Prometheus is not installed: sudo apt-get install prometheus",
)


def test_metrics_are_for_operators(open_reception: OpenReception) -> None:
    client = open_reception(operator_token=SecretStr(OPERATOR)).client
    assert client.get("/metrics").status_code == 401
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {OPERATOR}"})
    assert answer.status_code == 200
    assert "switchboard_live_calls" in answer.text


def test_metrics_are_for_everybody_when_a_setting_says_so(open_reception: OpenReception) -> None:
    client = open_reception(operator_token=SecretStr(OPERATOR), metrics_open=True).client
    assert client.get("/metrics").status_code == 200
    assert client.get("/api/calls").status_code == 401


def by_name(spans: list[Sent]) -> dict[str, Sent]:
    return {span.name: span for span in spans}


@needs_prometheus
async def test_call_is_measured_traced_and_told_of_and_its_words_go_nowhere(
    tmp_path: Path,
) -> None:
    script = Script(transcripts={"deepgram": [SAID, *[""] * 20]})
    async with (
        StandIns(script=script) as providers,
        Collector() as collector,
        Receiving(refuse=1) as receiver,
    ):
        env = {
            **providers.env("deepgram", "openai", "cartesia", "twilio"),
            "DATA_DIR": str(tmp_path / "data"),
            "OPERATOR_TOKEN": OPERATOR,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-team=voice",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "CALL_WEBHOOK_URL": receiver.url,
            "CALL_WEBHOOK_SECRET": SECRET,
        }
        log = tmp_path / "server.log"
        async with (
            ServerProcess(RUN, env=env, log=log) as server,
            Prometheus(
                tmp_path / "prometheus", server.url.removeprefix("http://"), token=OPERATOR
            ) as prometheus,
        ):
            zero = 'sum(switchboard_calls_total{bot="order_support"}) == 0'
            await prometheus.until(lambda data: data["result"], "query", query=zero)
            phone = TwilioPhone(
                auth_token=providers.twilio.auth_token, account_sid=providers.twilio.account_sid
            )
            providers.twilio.add_call(phone.call_sid)
            async with phone:
                await phone.dial(f"{server.url}/twilio/voice?bot=order_support")
                await phone.wait_for_answer()
                span = await phone.say(await speak("where is my order"))
                await phone.wait_for_answer(after_s=span.end_s, timeout_s=15)
            providers.twilio.end_call(phone.call_sid)

            await receiver.until_taken(1)
            await collector.until(lambda spans: "call" in by_name(spans))
            over = 'sum(switchboard_calls_total{bot="order_support", channel="phone"}) == 1'
            await prometheus.until(lambda data: data["result"], "query", query=over)
            exemplars = await prometheus.until(
                lambda found: found,
                "query_exemplars",
                query="switchboard_voice_to_voice_seconds_bucket",
                start="0",
                end="9999999999",
            )
            async with aiohttp.ClientSession() as session:
                headers = {"Authorization": f"Bearer {OPERATOR}"}
                async with session.get(f"{server.url}/metrics", headers=headers) as answer:
                    metrics = await answer.text()

    assert exemplars[0]["exemplars"][0]["labels"] == {"call_id": phone.call_sid}
    assert receiver.taken[0]["call"]["id"] == phone.call_sid
    assert receiver.attempts == [f"call-ended-{phone.call_sid}"] * 2
    assert receiver.forged == 0

    spans = collector.spans
    assert {span.attributes["call.id"] for span in spans} == {phone.call_sid}
    assert len({span.trace_id for span in spans}) == 1
    named = by_name(spans)
    assert set(named) >= {
        *("call", "conversation", "turn", "stt", "llm", "tts"),
        *("voice_to_voice", "stage turn_end", "stage first_audio_out"),
    }
    known = {span.span_id for span in spans}
    assert [span.name for span in spans if span.parent_id not in known] == ["call"]
    assert named["llm"].attributes["gen_ai.provider.name"] == "openai"
    assert collector.headers["x-team"] == "voice"

    everything = b"".join(collector.bodies) + metrics.encode()
    for words in (SAID, "Maple Home Store", "You are the order support line", "stand-in-key"):
        assert words.encode() not in everything
    assert "Not followed" not in log.read_text()
