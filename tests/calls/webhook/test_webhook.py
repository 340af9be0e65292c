"""Another system is told of every call that ended: signed, at least once, over restarts."""

import asyncio
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from receiving import SECRET, Receiving
from virtual_time import in_virtual_time

from calls.records.event import Event
from calls.records.files import OWED, erase_files
from calls.webhook.outbox import Outbox, Owed
from calls.webhook.request import Receiver
from calls.webhook.schedule import GIVEN_UP_AFTER_S, LONGEST_WAIT_S, wait_s
from calls.webhook.signature import is_genuine, signature
from calls.webhook.webhook import Webhook


class Office:
    """A process with a webhook; what it knows of calls is `records`."""

    def __init__(self, folder: Path, url: str) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.outbox = Outbox(folder / "webhook")
        # Time passes as the loop says, and the receiver checks it by the clock on the wall.
        self._started_s = time.time()
        self._loop = asyncio.get_running_loop()
        self._loop_started_s = self._loop.time()
        self.webhook = Webhook(
            _Punctual(url), self.outbox, self._export, now_s=self.now_s, rng=random.Random(1)
        )

    def now_s(self) -> float:
        return self._started_s + self._loop.time() - self._loop_started_s

    async def _export(self, call_id: str) -> Mapping[str, Any] | None:
        return self.records.get(call_id)

    def call_begins(self, call_id: str) -> None:
        self.records[call_id] = {"id": call_id, "live": True}
        self.webhook.told(event(call_id, "call"))

    def call_ends(self, call_id: str) -> None:
        self.records[call_id] = {"id": call_id, "live": False, "outcome": "resolved"}
        self.webhook.told(event(call_id, "end"))

    def owed(self) -> list[str]:
        return [owed.call_id for owed in self.outbox.all()]

    async def nothing_owed(self) -> None:
        await asyncio.sleep(1)
        while self.owed():  # noqa: ASYNC110 - it is the disk that is looked at
            await asyncio.sleep(60)


class _Punctual(Receiver):
    """Signs at the time on the wall, which the receiver has as well."""

    def __init__(self, url: str) -> None:
        super().__init__(url, SECRET)

    async def tell(self, call_id: str, record: Mapping[str, Any], *, at_s: float) -> None:
        await super().tell(call_id, record, at_s=time.time())


def event(call_id: str, kind: str) -> Event:
    return Event(call_id, 1, 0.0, datetime.now(UTC), kind, {})


@in_virtual_time
async def test_call_that_ended_is_told_once_signed_and_owed_no_more(tmp_path: Path) -> None:
    async with Receiving() as receiver:
        office = Office(tmp_path, receiver.url)
        office.call_begins("call-1")
        office.call_ends("call-1")
        await receiver.until_taken(1)
        await office.nothing_owed()
        await office.webhook.close()
        assert receiver.taken == [
            {
                "id": "call-ended-call-1",
                "type": "call.ended",
                "call": {"id": "call-1", "live": False, "outcome": "resolved"},
            }
        ]
        assert receiver.attempts == ["call-ended-call-1"]
        assert receiver.forged == 0


@pytest.mark.parametrize("status", [500, 404, 302, 429])
@in_virtual_time
async def test_receiver_that_refuses_is_asked_again_under_the_same_name(
    tmp_path: Path, status: int
) -> None:
    async with Receiving(refuse=5, status=status) as receiver:
        office = Office(tmp_path, receiver.url)
        began_s = office.now_s()
        office.call_ends("call-1")
        await receiver.until_taken(1)
        waited_s = office.now_s() - began_s
        assert receiver.attempts == ["call-ended-call-1"] * 6
        # 1, 2, 4, 8 and 16 s, of which up to a half is left out by chance.
        assert 15.5 <= waited_s <= 31.5
        await office.webhook.close()


@in_virtual_time
async def test_receiver_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    async with Receiving() as receiver:
        url = receiver.url
    office = Office(tmp_path, url)
    office.call_ends("call-1")
    await asyncio.sleep(120)
    assert office.owed() == ["call-1"]
    assert office.webhook.oldest_owed_s >= 119
    await office.webhook.close()


@in_virtual_time
async def test_what_is_owed_is_told_after_a_restart(tmp_path: Path) -> None:
    async with Receiving(refuse=2) as receiver:
        before = Office(tmp_path, receiver.url)
        before.call_ends("call-1")
        before.call_ends("call-2")
        await receiver.until_tried(2)
        await before.webhook.close(at_most_s=0)
        assert receiver.taken == []

        after = Office(tmp_path, receiver.url)
        after.records = before.records
        await after.webhook.start()
        await receiver.until_taken(2)
        assert {told["call"]["id"] for told in receiver.taken} == {"call-1", "call-2"}
        await after.nothing_owed()
        await after.webhook.close()


@in_virtual_time
async def test_call_that_ended_with_its_process_is_told_once_its_record_is_closed(
    tmp_path: Path,
) -> None:
    async with Receiving() as receiver:
        killed = Office(tmp_path, receiver.url)
        killed.call_begins("call-1")
        await asyncio.sleep(1)
        assert killed.owed() == ["call-1"]

        after = Office(tmp_path, receiver.url)
        after.records["call-1"] = {"id": "call-1", "live": True}
        await after.webhook.start()
        await asyncio.sleep(10)
        assert receiver.attempts == []
        after.records["call-1"] = {"id": "call-1", "live": False, "end_reason": "interrupted"}
        await receiver.until_taken(1)
        assert receiver.taken[0]["call"]["end_reason"] == "interrupted"
        await after.webhook.close()
        await killed.webhook.close()


@in_virtual_time
async def test_webhook_is_given_up_after_a_day_and_the_log_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    sink = logger.add(lambda message: said.append(str(message)), level="ERROR", format="{message}")
    async with Receiving(refuse=1000) as receiver:
        office = Office(tmp_path, receiver.url)
        began_s = office.now_s()
        office.call_ends("call-1")
        await office.nothing_owed()
        logger.remove(sink)
        waited_s = office.now_s() - began_s
        assert GIVEN_UP_AFTER_S - LONGEST_WAIT_S - 60 <= waited_s <= GIVEN_UP_AFTER_S + 60
        assert any("call-1" in line and "in a day" in line for line in said)
        assert 30 < len(receiver.attempts) < 60
        assert office.webhook.oldest_owed_s == 0
        await office.webhook.close()


@in_virtual_time
async def test_record_that_cannot_be_read_is_read_later(tmp_path: Path) -> None:
    async with Receiving() as receiver:
        office = Office(tmp_path, receiver.url)
        office.webhook.told(event("call-1", "end"))
        await asyncio.sleep(5)
        assert receiver.attempts == []
        office.records["call-1"] = {"id": "call-1", "live": False}
        await receiver.until_taken(1)
        await office.webhook.close()


@in_virtual_time
async def test_nobody_is_told_of_a_call_that_was_erased_meanwhile(tmp_path: Path) -> None:
    async with Receiving(refuse=1000) as receiver:
        office = Office(tmp_path, receiver.url)
        office.call_begins("call-1")
        office.call_ends("call-1")
        await receiver.until_tried(2)
        del office.records["call-1"]
        erase_files(tmp_path, ["call-1"], OWED)
        tried = len(receiver.attempts)
        await asyncio.sleep(2 * LONGEST_WAIT_S)
        assert office.webhook.oldest_owed_s == 0
        assert len(receiver.attempts) == tried
        await office.webhook.close()


@in_virtual_time
async def test_full_disk_keeps_nobody_from_being_told(tmp_path: Path) -> None:
    (tmp_path / "webhook").write_text("a file where the folder should be")
    async with Receiving() as receiver:
        office = Office(tmp_path, receiver.url)
        office.call_begins("call-1")
        office.call_ends("call-1")
        await receiver.until_taken(1)
        await office.webhook.close()


def test_outbox_keeps_ids_that_are_no_file_names_inside_its_folder(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "here" / "webhook")
    ids = ["../../etc/passwd", "a" * 300, "a" * 299 + "b", "plain-id", "über"]
    for call_id in ids:
        outbox.put(Owed(call_id, 1.0))
    assert {owed.call_id for owed in outbox.all()} == set(ids)
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["webhook"]
    assert len(list((tmp_path / "here" / "webhook").iterdir())) == len(ids)
    for call_id in ids:
        outbox.remove(call_id)
    assert list(outbox.all()) == []


def test_file_of_the_outbox_that_is_broken_loses_no_other(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.put(Owed("call-1", 1.0))
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "half-written.tmp").write_text('{"call_')
    assert list(outbox.all()) == [Owed("call-1", 1.0)]


def test_signature_is_as_the_documentation_has_it() -> None:
    header = signature(b'{"id": "x"}', "secret", at_s=1_700_000_000)
    assert header == (
        "t=1700000000,v1=96b2193b896ec86cd02f07fa5ef52bc51b9bfa0d3954438cbdf8987ac8977dd2"
    )


@pytest.mark.parametrize(
    ("body", "header", "now_s"),
    [
        (b"other body", None, 1000),
        (b"body", "t=1000", 1000),
        (b"body", "v1=00", 1000),
        (b"body", "t=x,v1=00", 1000),
        (b"body", "nonsense", 1000),
        (b"body", "", 1000),
        (b"body", None, 1301),
        (b"body", None, 699),
    ],
)
def test_what_is_not_signed_or_too_old_is_not_genuine(
    body: bytes, header: str | None, now_s: float
) -> None:
    genuine = signature(b"body", "secret", at_s=1000)
    assert is_genuine(b"body", genuine, "secret", now_s=1100)
    assert not is_genuine(b"body", genuine, "another secret", now_s=1100)
    assert not is_genuine(body, genuine if header is None else header, "secret", now_s=now_s)


def test_waits_double_up_to_an_hour_and_are_spread() -> None:
    rng = random.Random(7)
    for failures, longest_s in ((1, 1.0), (2, 2.0), (5, 16.0), (40, LONGEST_WAIT_S)):
        waits = [wait_s(failures, rng) for _ in range(200)]
        assert longest_s / 2 <= min(waits) < max(waits) <= longest_s
        assert max(waits) - min(waits) > longest_s / 4
