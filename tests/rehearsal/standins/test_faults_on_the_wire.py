"""Every fault of every stand-in, as a client without any SDK sees it."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from wire_clients import CLIENTS, PATIENT_S, SHORT_S, WORDS, Answer

from rehearsal.standins import Rule, Script, StandIns
from rehearsal.standins.faults import KINDS
from rehearsal.standins.seats import PROVIDERS, SPEAK, THINK, TRANSPORTS, WEBSOCKETS

SPEAKS = {
    seat: speaks
    for provider in (*PROVIDERS.values(), *TRANSPORTS.values())
    for seat, speaks in provider.seats.items()
}
TOOL = Rule(call="find_order", arguments={"order_number": "47291"})
LATE_S = 0.2


def seats_with(kind: str) -> list[str]:
    return [seat for seat in CLIENTS if SPEAKS[seat] in KINDS[kind].by]


def every(*kinds: str) -> Any:
    cases = [(seat, kind) for kind in kinds for seat in seats_with(kind)]
    return pytest.mark.parametrize(("seat", "kind"), cases)


@pytest.fixture(autouse=True)
def same_words(providers: StandIns) -> None:
    """All listen and answer to the same six words."""
    providers.house.script = Script(
        replies=(Rule(say=WORDS),), transcripts={"*": (WORDS, WORDS, WORDS)}
    )


def said(answer: Answer, seat: str) -> str:
    """What is understood or answered in the end, however it is spelt on the wire."""
    read: dict[str, Callable[[dict[str, Any]], str]] = {
        "deepgram-live": lambda m: m["channel"]["alternatives"][0]["transcript"],
        "deepgram-flux": lambda m: m.get("transcript", ""),
        "assemblyai": lambda m: m.get("transcript", ""),
        "openai-chat": lambda m: (m["choices"] or [{"delta": {}}])[0]["delta"].get("content") or "",
        "anthropic": lambda m: m.get("delta", {}).get("text", ""),
        "openai-transcription": lambda m: m["text"],
    }
    texts = [read[SPEAKS[seat]](message) for message in answer.messages]
    return "".join(texts) if SPEAKS[seat] in THINK else (texts or [""])[-1]


def tool_calls(answer: Answer, seat: str) -> list[tuple[str, str]]:
    """Names and arguments, put together from their parts."""
    names, arguments = [], ""
    for message in answer.messages:
        if SPEAKS[seat] == "anthropic":
            block, delta = message.get("content_block", {}), message.get("delta", {})
            names += [block["name"]] if block.get("type") == "tool_use" else []
            arguments += delta.get("partial_json", "")
        else:
            delta = (message["choices"] or [{"delta": {}}])[0]["delta"]
            for call in delta.get("tool_calls", ()):
                names += [call["function"]["name"]] if "name" in call["function"] else []
                arguments += call["function"]["arguments"]
    return [(names[0], arguments)] if names else []


async def ask(providers: StandIns, seat: str, patience_s: float = PATIENT_S) -> Answer:
    return await CLIENTS[seat](providers, seat, patience_s)


@pytest.mark.parametrize("seat", CLIENTS)
async def test_without_a_fault_the_answer_comes_and_ends(providers: StandIns, seat: str) -> None:
    answer = await ask(providers, seat)
    assert answer.ending == "done"
    if SPEAKS[seat] in SPEAK:
        assert len(answer.audio) > 24_000
    elif seat != "daily":
        assert said(answer, seat) == WORDS


@every("refuse")
async def test_refused_connection_gets_no_byte(providers: StandIns, seat: str, kind: str) -> None:
    providers.fault(seat, kind)
    assert await ask(providers, seat) == Answer("refused")


@every("never_opens")
async def test_handshake_is_left_waiting(providers: StandIns, seat: str, kind: str) -> None:
    providers.fault(seat, kind)
    assert (await ask(providers, seat, SHORT_S)).ending == "unopened"


@every("http_401", "http_429", "http_500", "http_503")
async def test_http_error_has_its_status(providers: StandIns, seat: str, kind: str) -> None:
    providers.fault(seat, kind, seconds=7)
    answer = await ask(providers, seat)
    assert (answer.ending, answer.status) == ("refused", int(kind.removeprefix("http_")))
    assert answer.headers.get("Retry-After") == ("7" if kind == "http_429" else None)


@every("never_answers")
async def test_nothing_is_answered(providers: StandIns, seat: str, kind: str) -> None:
    providers.fault(seat, kind)
    answer = await ask(providers, seat, SHORT_S)
    assert answer.ending == "silence"
    assert {message["type"] for message in answer.messages} <= {"Connected", "Begin"}


@every("keep_alives")
async def test_keep_alives_go_on_without_an_answer(
    providers: StandIns, seat: str, kind: str
) -> None:
    providers.fault(seat, kind, seconds=0.05)
    # The wire is never silent for long: the client would wait for ever.
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask(providers, seat), SHORT_S)


@every("close", "stall")
async def test_answer_ends_in_the_middle(providers: StandIns, seat: str, kind: str) -> None:
    providers.fault(seat, kind, after=2)
    answer = await ask(providers, seat, PATIENT_S if kind == "close" else SHORT_S)
    assert answer.ending == ("broken" if kind == "close" else "silence")
    if SPEAKS[seat] in SPEAK:
        assert answer.audio
        assert len(answer.audio) < len((await whole(providers, seat)).audio)
    else:
        assert said(answer, seat) == "one two"


@every("late")
async def test_late_answer_is_whole(providers: StandIns, seat: str, kind: str) -> None:
    providers.fault(seat, kind, seconds=LATE_S)
    began_s = time.monotonic()
    assert (await ask(providers, seat)).ending == "done"
    assert time.monotonic() - began_s >= LATE_S


@every("no_audio")
async def test_success_without_audio(providers: StandIns, seat: str, kind: str) -> None:
    providers.fault(seat, kind)
    answer = await ask(providers, seat)
    assert (answer.ending, answer.audio) == ("done", b"")


@every("wrong_rate")
async def test_audio_at_the_wrong_rate_is_shorter(
    providers: StandIns, seat: str, kind: str
) -> None:
    providers.fault(seat, kind, last=1)
    spoilt, right = await ask(providers, seat), await ask(providers, seat)
    assert len(spoilt.audio) / len(right.audio) == pytest.approx(16 / 24, rel=0.05)


@every("blank_text")
async def test_text_is_white_space(providers: StandIns, seat: str, kind: str) -> None:
    providers.fault(seat, kind)
    answer = await ask(providers, seat)
    assert answer.ending == "done"
    assert said(answer, seat)
    assert not said(answer, seat).strip()


@every("malformed_json")
async def test_one_message_is_no_json(providers: StandIns, seat: str, kind: str) -> None:
    providers.fault(seat, kind, after=1)
    assert len((await ask(providers, seat, SHORT_S)).malformed) == 1


@every("cut_arguments")
async def test_arguments_break_off(providers: StandIns, seat: str, kind: str) -> None:
    providers.house.script = Script(replies=(TOOL,))
    providers.fault(seat, kind)
    [(name, arguments)] = tool_calls(await ask(providers, seat), seat)
    assert name == "find_order"
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(arguments)


@every("unknown_tool")
async def test_tool_is_one_that_nobody_declared(providers: StandIns, seat: str, kind: str) -> None:
    providers.fault(seat, kind)
    assert tool_calls(await ask(providers, seat), seat) == [("do_what_nobody_declared", "{}")]


async def test_every_kind_of_fault_is_tested_here() -> None:
    elsewhere = {"stale_context"}  # with Cartesia and ElevenLabs, who have contexts
    marks = (mark for name, test in globals().items() if name.startswith("test_")
             for mark in getattr(test, "pytestmark", ()))  # fmt: skip
    kinds = {case[1] for mark in marks if mark.args[0] == ("seat", "kind") for case in mark.args[1]}
    assert kinds == set(KINDS) - elsewhere


async def test_every_protocol_is_tested_here() -> None:
    assert {SPEAKS[seat] for seat in CLIENTS} == set(SPEAKS.values()) - {"twilio-rest"}
    assert {seat for seat in CLIENTS if SPEAKS[seat] in WEBSOCKETS}


async def whole(providers: StandIns, seat: str) -> Answer:
    providers.clear(seat)
    return await ask(providers, seat)
