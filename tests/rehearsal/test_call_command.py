import json
import sys
from pathlib import Path

import pytest

from rehearsal.audible import audible_spans
from rehearsal.conversation import Patience
from rehearsal.two_track_wav import read_two_track_wav
from scripts.call import call

SMALL_SERVER = str(Path(__file__).with_name("small_server.py"))
QUICK = Patience(timeout_s=3, quiet_ms=300, afterthought_ms=300)


def server(*how: str) -> tuple[str, ...]:
    return (sys.executable, SMALL_SERVER, *how)


async def test_a_call_with_own_lines_is_held_recorded_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await call(
        "order_support",
        say=["where is my order"],
        as_json=True,
        out=tmp_path,
        patience=QUICK,
        server_command=server(),
    )
    report = json.loads(capsys.readouterr().out)
    assert report["problems"] == []
    assert code == 0
    assert report["call_id"] == "call-1"
    greeting, answer = report["turns"]
    assert greeting["answer"] == "Hello. How can I help?"
    assert answer["answer"] == "What is your order number?"
    assert answer["heard_as"] == "where is my order"
    assert answer["stages"]["turn"] == 1
    assert answer["voice_to_voice_ms"] > 0
    assert report["ended_by"] == "caller"
    assert report["end_reason"] == "caller hung up"
    caller, bot = read_two_track_wav(Path(report["wav"]))
    assert audible_spans(caller)[0].start_s > audible_spans(bot)[0].end_s
    assert json.loads((tmp_path / "report.json").read_text()) == report


async def test_the_conversation_is_printed_as_it_was_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await call(
        "order_support",
        say=["hello there"],
        out=tmp_path,
        patience=QUICK,
        server_command=server(),
    )
    printed = capsys.readouterr().out
    assert "bot     Hello. How can I help?\n" in printed
    assert "caller  hello there\n        (heard as: where is my order)\n" in printed
    assert "voice to voice" in printed
    assert "call.wav" in printed


async def test_a_bot_that_says_nothing_fails_the_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = Patience(timeout_s=0.3, quiet_ms=100, afterthought_ms=0)
    code = await call(
        "order_support", say=["hello"], out=tmp_path, patience=silent, server_command=server("mute")
    )
    assert code == 1
    assert "PROBLEM: The bot said nothing for 0.3 s." in capsys.readouterr().err


async def test_a_server_that_dies_at_start_is_shown_with_its_last_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await call("order_support", say=["hi"], out=tmp_path, server_command=server("dies"))
    assert code == 1
    assert "HOST is wrong: nobody is at home" in capsys.readouterr().err


async def test_an_unknown_bot_is_answered_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await call("nobody") == 1
    said = capsys.readouterr().err
    assert said.startswith('There is no bot "nobody". There are: ')
    assert "receptionist" in said


async def test_a_voice_that_is_not_there_is_said_before_a_server_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    never = ("/nowhere/at/all",)
    code = await call(
        "order_support", say=["hi"], out=tmp_path, voice="robot", server_command=never
    )
    assert code == 1
    assert 'No voice "robot"' in capsys.readouterr().err
