"""Phone calls to a real server process: real audio, Twilio's protocol, the databases after."""

import asyncio
import contextlib
import json
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from rehearsal.caller import speak
from rehearsal.phone import TurnedAway, TwilioPhone
from rehearsal.server_process import ServerProcess
from rehearsal.twilio_rest import CallUpdate, TwilioRest

TOKEN = "the-auth-token-of-the-account"
ACCOUNT = "AC" + "1" * 32
PERSON = "+15005550199"
RUN = Path(__file__).parent / "run_with_more_bots.py"

# One server takes the calls of all tests but one, as it does in life.
pytestmark = pytest.mark.asyncio(loop_scope="module")

needs_flite = pytest.mark.skipif(
    shutil.which("flite") is None, reason="flite is not installed: sudo apt-get install flite"
)


@dataclass
class Exchange:
    """A server process, its data, and callers that ring it."""

    server: ServerProcess
    data_dir: Path
    log: Path
    twilio: TwilioRest
    phones: dict[str, TwilioPhone]

    def webhook(self, bot: str) -> str:
        return f"{self.server.url}/twilio/voice?bot={bot}"

    def phone(self) -> TwilioPhone:
        phone = TwilioPhone(auth_token=TOKEN, account_sid=ACCOUNT)
        self.phones[phone.call_sid] = phone
        self.twilio.add_call(phone.call_sid)
        return phone

    async def call_over(self) -> None:
        """Wait until no call is running: the records are complete."""
        async with aiohttp.ClientSession() as session:
            while True:
                async with session.get(f"{self.server.url}/readyz") as response:
                    if (await response.json())["lines"]["in_use"] == 0:
                        return
                await asyncio.sleep(0.05)

    def events(self, phone: TwilioPhone, kind: str) -> list[dict[str, Any]]:
        path = self.data_dir / "calls" / f"{phone.call_sid}.jsonl"
        events = [json.loads(line) for line in path.read_text().splitlines()]
        return [event for event in events if event["kind"] == kind]

    def heard(self, phone: TwilioPhone, who: str) -> str:
        said = [e["text"] for e in self.events(phone, "heard") if e["who"] == who]
        return " / ".join(said).lower()


@contextlib.asynccontextmanager
async def open_exchange(folder: Path, **settings: str) -> AsyncIterator[Exchange]:
    data_dir, log = folder / "data", folder / "server.log"
    phones: dict[str, TwilioPhone] = {}

    async def on_update(update: CallUpdate) -> None:
        await phones[update.call_sid].updated(update)

    async with TwilioRest(ACCOUNT, TOKEN, on_update=on_update) as twilio:
        env = {
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_BASE_URL": twilio.url,
            "HANDOFF_NUMBER": PERSON,
            "DATA_DIR": str(data_dir),
            **settings,
        }
        command = [sys.executable, str(RUN), "serve"]
        async with ServerProcess(command, env=env, log=log, stop_timeout_s=60) as server:
            yield Exchange(server, data_dir, log, twilio, phones)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Exchange]:
    folder = tmp_path_factory.mktemp("exchange")
    async with open_exchange(folder, QUIET_CALLER_S="4") as opened:
        yield opened


async def converse(phone: TwilioPhone, lines: list[str], voice: str) -> None:
    """Hear the greeting out, then say each line and hear the answer out."""
    await phone.wait_for_answer()
    for line in lines:
        span = await phone.say(await speak(line, voice))
        await phone.wait_for_answer(after_s=span.end_s, timeout_s=12)


@pytest.mark.long
@needs_flite
async def test_callers_of_two_synthesisers_book_at_once_and_both_are_in_the_book(
    exchange: Exchange,
) -> None:
    async def book(name: str, day: str, born: str, voice: str) -> TwilioPhone:
        async with exchange.phone() as phone:
            await phone.dial(exchange.webhook("receptionist"))
            lines = [
                "can i book an appointment",
                f"on {day} please",
                "two o'clock please",
                f"my name is {name}",
                born,
                "yes please",
                "no that is all",
            ]
            await converse(phone, lines, voice)
            if not phone.over:
                await asyncio.wait_for(phone.ended.wait(), 15)
            return phone

    paul, john = await asyncio.gather(
        book(
            "paul allen",
            "wednesday",
            "february eleventh nineteen eighty one",
            "espeak:en-us+klatt6@160",
        ),
        book("john smith", "thursday", "the third of march nineteen eighty five", "flite:rms"),
    )

    await exchange.call_over()
    with sqlite3.connect(exchange.data_dir / "appointments.db") as book_of_slots:
        query = "SELECT lower(name), date_of_birth FROM appointments WHERE time = '14:00'"
        booked = dict(book_of_slots.execute(query))
    for phone, name, born in (
        (paul, "paul allen", "1981-02-11"),
        (john, "john smith", "1985-03-03"),
    ):
        story = exchange.heard(phone, "caller") + "\n" + exchange.heard(phone, "bot")
        assert booked.get(name) == born, story
        # The goodbye was played to its end before the server closed the line.
        assert phone.ended_by == "server"
        assert "goodbye" in exchange.heard(phone, "bot").split(" / ")[-1]
        assert phone.playout.unplayed_ms == 0
        assert phone.refused_messages == []


async def test_caller_who_cuts_in_is_heard_and_the_rest_of_the_answer_is_not_remembered(
    exchange: Exchange,
) -> None:
    async with exchange.phone() as phone:
        await phone.dial(exchange.webhook("order_support"))
        await phone.wait_for_answer()
        await phone.press("47291#")
        await phone.wait_until_heard(after_s=phone.now_s)
        await phone.wait(1.5)
        span = await phone.say(await speak("can i speak to a person please"))
        assert phone.playout.stop_after_ms(span.start_s) is not None, "it was speaking"
        cut_s = phone.playout.cleared[-1].at_s
        assert span.start_s < cut_s < span.end_s, "what was queued is dropped at the phone"
        await phone.wait_for_answer(after_s=span.end_s, timeout_s=12)
    await exchange.call_over()
    # A busy machine's lookup is slow enough for a filler: that is what was cut then.
    _, *cut, answered = exchange.heard(phone, "bot").split(" / ")
    assert cut, answered
    assert "anything else" not in " ".join(cut), "the end of the answer was never played"


@needs_flite
async def test_caller_who_asks_for_a_person_hears_so_to_the_end_and_is_put_through(
    exchange: Exchange,
) -> None:
    async with exchange.phone() as phone:
        await phone.dial(exchange.webhook("receptionist"))
        await phone.wait_for_answer()
        await phone.say(await speak("i want to talk to a person", "flite:slt"))
        await asyncio.wait_for(phone.ended.wait(), 30)
    await exchange.call_over()
    assert (phone.ended_by, phone.forwarded_to) == ("rest", PERSON)
    assert phone.playout.unplayed_ms == 0
    assert "putting you through" in exchange.heard(phone, "bot")
    assert exchange.events(phone, "end")[0]["reason"] == f"handed over to {PERSON}"


@needs_flite
async def test_caller_whose_redirect_is_refused_is_told_and_stays_on_the_line(
    exchange: Exchange,
) -> None:
    exchange.twilio.refuse()
    async with exchange.phone() as phone:
        await phone.dial(exchange.webhook("receptionist"))
        await phone.wait_for_answer()
        span = await phone.say(await speak("i want to talk to a person", "flite:slt"))
        await phone.wait_for_answer(after_s=span.end_s, quiet_ms=2500)
        assert not phone.over
    exchange.twilio.accept()
    await exchange.call_over()
    assert phone.forwarded_to is None
    assert "queue" in exchange.heard(phone, "bot")


async def test_keys_reach_the_bot(exchange: Exchange) -> None:
    async with exchange.phone() as phone:
        await phone.dial(exchange.webhook("order_support"))
        await phone.wait_for_answer()
        asked_s = phone.now_s
        await phone.press("47291#")
        await phone.wait_for_answer(after_s=asked_s + 0.7)
    await exchange.call_over()
    assert "four seven two nine one" in exchange.heard(phone, "bot")


async def test_bot_that_declares_nothing_for_the_offline_tier_greets_and_says_what_it_is(
    exchange: Exchange,
) -> None:
    async with exchange.phone() as phone:
        await phone.dial(exchange.webhook("plain_desk"))
        await phone.wait_for_answer()
        asked_s = phone.now_s
        await phone.press("47291#")
        await phone.wait_for_answer(after_s=asked_s + 0.7)
    await exchange.call_over()
    greeting, answer = exchange.heard(phone, "bot").split(" / ")[:2]
    assert "standing in for the parcel desk of maple store" in greeting
    assert "order" in answer


async def test_caller_who_says_nothing_is_asked_once_and_then_let_go(exchange: Exchange) -> None:
    async with exchange.phone() as phone:
        await phone.dial(exchange.webhook("order_support"))
        await asyncio.wait_for(phone.ended.wait(), 60)
    await exchange.call_over()
    assert phone.ended_by == "server"
    said = exchange.heard(phone, "bot")
    assert "are you still there" in said
    assert said.rstrip(".").endswith("goodbye")
    assert exchange.events(phone, "end")[0]["reason"] == "the caller said nothing"


async def test_caller_who_drops_the_line_during_a_tool_leaves_the_next_caller_a_line(
    exchange: Exchange,
) -> None:
    async with exchange.phone() as phone:
        await phone.dial(exchange.webhook("slow_desk"))
        await phone.wait_for_answer(quiet_ms=300)
        asked_s = phone.now_s
        await phone.press("1#")
        await phone.wait_until_heard(after_s=asked_s + 0.5)
        await phone.hang_up(abrupt=True)
    async with exchange.phone() as phone:
        await phone.dial(exchange.webhook("slow_desk"))
        await phone.wait_for_answer(quiet_ms=300)


@pytest.mark.long
async def test_server_that_is_told_to_end_lets_the_running_call_finish(tmp_path: Path) -> None:
    async with open_exchange(tmp_path, DRAIN_S="60") as exchange:
        async with exchange.phone() as phone:
            await phone.dial(exchange.webhook("order_support"))
            await phone.wait_for_answer()
            exchange.server.terminate()
            await until_refused(exchange)
            asked_s = phone.now_s
            await phone.press("47291#")
            await phone.wait_for_answer(after_s=asked_s + 0.7)
            assert not phone.over
        assert await exchange.server.exit_code() == 0
    assert "four seven two nine one" in exchange.heard(phone, "bot")


async def until_refused(exchange: Exchange) -> None:
    """Ring until the server takes no more calls."""
    refusal = ""
    while not refusal:
        async with exchange.phone() as late:
            try:
                await late.dial(exchange.webhook("order_support"))
            except TurnedAway as turned_away:
                refusal = turned_away.announcement
    assert "not taking calls" in refusal


async def test_nothing_secret_is_in_the_log(exchange: Exchange) -> None:
    async with exchange.phone() as phone:
        await phone.dial(exchange.webhook("slow_desk"))
        token = phone.stream_url.rsplit("/", 1)[1]
        await phone.wait_for_answer(quiet_ms=300)
    await exchange.call_over()
    log = exchange.log.read_text()
    assert phone.call_sid[:8] in log, "each line of a call names it"
    assert TOKEN not in log
    assert token not in log
