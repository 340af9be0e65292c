"""What Prometheus reads: calls counted, labels bounded, exemplars that name calls."""

import asyncio
import time
from pathlib import Path

import pytest
from counted_calls import A_TURN, OPEN_METRICS, Counted
from virtual_time import in_virtual_time

from server.metrics.loop_lag import LoopLag
from services.failover.incident import Failure


@pytest.fixture
def counted(tmp_path: Path) -> Counted:
    return Counted(tmp_path / "data")


def test_call_that_is_over_is_counted_once_with_its_outcome(counted: Counted) -> None:
    counted.tell_of_a_call("call-1", outcome="handed_over")
    of_it = {"bot": "greeter", "channel": "phone"}
    assert counted.value("switchboard_calls_total", **of_it, outcome="handed_over") == 1
    assert counted.value("switchboard_calls_total", **of_it, outcome="resolved") == 0
    assert counted.value("switchboard_call_seconds_sum", **of_it) == 31.5
    assert counted.value("switchboard_live_calls", **of_it) == 0


def test_call_that_nobody_judged_is_no_success(counted: Counted) -> None:
    counted.tell("call", bot="greeter", channel="web")
    counted.tell("end", duration_s=3.0)
    labels = {"bot": "greeter", "channel": "web"}
    assert counted.value("switchboard_calls_total", **labels, outcome="other") == 1


def test_every_stage_of_a_turn_is_measured_in_seconds_after_the_end_of_speech(
    counted: Counted,
) -> None:
    counted.tell_of_a_call("call-1")
    for stage, seconds in (("transcript_final", 0.12), ("first_audio_out", 0.73)):
        assert counted.value("switchboard_stage_seconds_sum", stage=stage) == seconds
    assert counted.value("switchboard_stage_seconds_sum", stage="filler_audio_out") is None
    assert counted.value("switchboard_voice_to_voice_seconds_sum") == 0.73


def test_voice_to_voice_ends_with_the_first_sound_which_a_filler_may_be(counted: Counted) -> None:
    counted.tell("call", bot="greeter", channel="phone")
    counted.tell("turn", **{**A_TURN, "filler_audio_out_ms": 400.0})
    assert counted.value("switchboard_voice_to_voice_seconds_sum") == 0.4


def test_turn_that_was_apologised_for_has_a_first_sound_and_no_answer(counted: Counted) -> None:
    counted.tell("call", bot="greeter", channel="phone")
    unanswered = {"first_token_ms": None, "first_audio_ms": None, "first_audio_out_ms": None}
    counted.tell("turn", **{**A_TURN, **unanswered, "filler_audio_out_ms": 500.0})
    assert counted.value("switchboard_stage_seconds_count", stage="first_audio_out") is None
    assert counted.value("switchboard_voice_to_voice_seconds_sum") == 0.5


def test_bucket_leads_to_a_call_that_fell_into_it(counted: Counted) -> None:
    counted.tell_of_a_call("call-17")
    lines = counted.scrape().splitlines()
    for name in ("stage", "voice_to_voice", "dead_air", "tool", "call"):
        buckets = [line for line in lines if line.startswith(f"switchboard_{name}_seconds_bucket")]
        assert any('# {call_id="call-17"}' in line for line in buckets), name


def test_exemplar_of_an_absurdly_long_call_id_is_cut(counted: Counted) -> None:
    counted.tell_of_a_call("x" * 500)
    assert counted.value("switchboard_calls_total", bot="greeter", outcome="resolved") is not None


def test_scraper_that_asks_for_plain_text_gets_it(counted: Counted) -> None:
    counted.tell_of_a_call("call-1")
    assert "call_id" not in counted.scrape("text/plain")
    assert counted.scrape(OPEN_METRICS).endswith("# EOF\n")


def test_silence_beyond_the_bound_is_counted_as_broken(counted: Counted) -> None:
    counted.tell("call", bot="greeter", channel="phone")
    counted.tell("dead_air", turn=1, dead_air_ms=2990.0, steps=1)
    counted.tell("silence_bound", turn=1, step="moment")
    assert counted.value("switchboard_silence_bound_broken_total", channel="phone") == 0
    counted.tell("dead_air", turn=2, dead_air_ms=3200.0, steps=1)
    of_it = {"bot": "greeter", "channel": "phone"}
    assert counted.value("switchboard_silence_bound_broken_total", **of_it) == 1
    assert counted.value("switchboard_silence_bound_reached_total", **of_it, step="moment") == 1


def test_failed_provider_is_counted_and_a_switch_only_when_somebody_else_was_asked(
    counted: Counted,
) -> None:
    failed = {"stage": "llm", "provider": "openai", "how": Failure.STALLED, "cost_ms": 900.0}
    counted.tell("provider_failed", **failed, went_to="anthropic")
    counted.tell("provider_failed", **failed, went_to="openai")
    counted.tell("provider_failed", **failed, went_to="")
    of_it = {"stage": "llm", "provider": "openai"}
    assert counted.value("switchboard_provider_failures_total", **of_it, how="stalled") == 3
    assert counted.value("switchboard_provider_switches_total", **of_it) == 1


def test_failed_tools_are_told_from_those_that_ran(counted: Counted) -> None:
    counted.tell("call", bot="greeter", channel="phone")
    counted.tell("tool", name="find_order", duration_ms=2000.0, error="the database is away")
    assert counted.value("switchboard_tool_seconds_count", outcome="failed") == 1


def test_values_that_are_not_known_are_other_and_make_no_series_of_their_own(
    counted: Counted,
) -> None:
    before = counted.scrape().count("\n")
    for i in range(200):
        call_id = f"call-{i}"
        counted.tell("call", call_id, bot=f"bot-{i}", channel=f"channel-{i}")
        counted.tell("turn", call_id, **A_TURN)
        counted.tell("tool", call_id, name=f"tool-{i}", duration_ms=1.0, error=None)
        counted.tell(
            "provider_failed", call_id, stage=f"s{i}", provider=f"p{i}", how=f"h{i}", went_to="x"
        )
        counted.tell("outcome", call_id, outcome=f"outcome-{i}")
        counted.tell("silence_bound", call_id, step=f"step-{i}")
        counted.tell("end", call_id, duration_s=1.0)
    text = counted.scrape()
    of_all = {"bot": "other", "channel": "other", "outcome": "other"}
    assert counted.value("switchboard_calls_total", **of_all) == 200
    assert "bot-1" not in text
    # One call's worth of series, however many calls there were.
    assert text.count("\n") < before + 250


def test_event_of_a_call_that_was_never_opened_is_counted_all_the_same(counted: Counted) -> None:
    counted.tell("dead_air", "unknown", turn=0, dead_air_ms=100.0, steps=0)
    assert counted.value("switchboard_dead_air_seconds_count", bot="other", channel="other") == 1


def test_headroom_is_what_is_left_of_the_lines_and_nothing_while_draining(
    counted: Counted,
) -> None:
    assert counted.value("switchboard_headroom_calls") == 4
    counted.house.lines.take()
    assert counted.value("switchboard_headroom_calls") == 3
    counted.house.lines.close()
    assert counted.value("switchboard_headroom_calls") == 0
    assert counted.value("switchboard_lines") == 4


def test_provider_that_is_not_relied_on_shows_as_an_open_breaker(counted: Counted) -> None:
    of_it = {"stage": "llm", "provider": "embedded"}
    assert counted.value("switchboard_breaker_open", **of_it) == 0
    counted.house.choices["llm"][0].health.failed(Failure.SILENT)
    assert counted.value("switchboard_breaker_open", **of_it) == 1


def test_disk_under_the_data_is_measured(counted: Counted) -> None:
    free, size = (
        counted.value("switchboard_data_disk_free_bytes"),
        counted.value("switchboard_data_disk_bytes"),
    )
    assert free is not None
    assert size is not None
    assert 0 < free <= size


async def test_loop_that_was_held_up_is_late_by_as_much() -> None:
    lag = LoopLag(every_s=0.001)
    lag.start()
    for _ in range(3):
        await asyncio.sleep(0.002)
        time.sleep(0.05)  # noqa: ASYNC251
    await asyncio.sleep(0.002)
    lag.stop()
    assert lag.longest_s > 0.02


@in_virtual_time
async def test_lag_is_forgotten_after_a_while() -> None:
    loop = asyncio.get_running_loop()
    lag = LoopLag(every_s=0.1, remembered_s=30)
    lag.start()
    loop.pass_time(2.0)  # pyright: ignore[reportAttributeAccessIssue]
    await asyncio.sleep(1)
    assert lag.longest_s > 1
    await asyncio.sleep(61)
    assert lag.longest_s < 0.01
    lag.stop()
