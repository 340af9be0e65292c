"""No secret is found in anything that a running server writes, sends or shows."""

import asyncio
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from byte_search import Content, is_found
from quoting import NOT_HEARD, NOT_SPOKEN
from secrets_said import Secret, secret
from what_is_left import Left
from whisper_house import REFUSAL, Whisper
from whispered import killed, whispered

KINDS = ("card", "phone", "email", "born")
CALLERS = 5
SEED = 20261121
# A secret given in more turns makes the call long; shorter ones are found by chance.
MOST_TURNS = 2
FEWEST_CHARACTERS = 9


def callers() -> list[Whisper]:
    """Everybody gives secrets of two kinds."""
    today, seeds = datetime.now(UTC).date(), count(SEED)
    whispers = []
    for at in range(CALLERS):
        secrets: list[Secret] = []
        while len(secrets) < 2:
            one = secret(next(seeds), KINDS[(at + at // 2 + 2 * len(secrets)) % 4], today)
            if len(one.turns) <= MOST_TURNS and len(one.value) >= FEWEST_CHARACTERS:
                secrets.append(one)
        whispers.append(Whisper(f"+1415557{SEED % 1000 + at:04}", secrets, typed=at == 0))
    return whispers


def said_on(record: dict[str, Any]) -> dict[str, list[Any]]:
    """The words on a record, by what tells them."""
    words = {name: record[name] for name in ("transcript", "tools", "unheard")}
    for event in record["events"]:
        words.setdefault(event["kind"], []).append(
            {name: value for name, value in event.items() if isinstance(value, str)}
        )
    return words


def found(left: Left, whispers: list[Whisper]) -> list[tuple[str, Secret]]:
    """What is found where: in one piece anywhere, or over the turns of a record."""
    secrets = [one for whisper in whispers for one in whisper.secrets]
    secrets += [Secret("phone", ("",), whisper.number[1:]) for whisper in whispers]
    # A file that stayed as it was is searched once.
    apart = {content: place for place, content in left.places.items()}
    contents = {place: Content.of(content) for content, place in apart.items()}
    return [
        (place, one) for place, content in contents.items() for one in secrets if content.hold(one)
    ] + [
        (f"record: {name}", one)
        for whisper, record in zip(whispers, left.records, strict=True)
        for name, words in said_on(record).items()
        for one in whisper.secrets
        if is_found(one, words, in_parts=False)
    ]


def kinds_found(left: Left, whispers: list[Whisper]) -> dict[str, set[str]]:
    kinds = {place: set[str]() for place in left.places}
    for place, one in found(left, whispers):
        kinds.setdefault(place, set()).add(one.kind)
    return kinds


@pytest.mark.long
async def test_no_secret_is_found_in_what_a_server_leaves(tmp_path: Path) -> None:
    whispers = callers()
    left = await whispered(whispers, tmp_path, keeps="redacted")
    assert found(left, whispers) == []
    assert {"log", "traces", "webhooks", "metrics", "export as csv"} <= left.places.keys()
    log = left.places["log"].decode()
    assert [quoted for quoted in (REFUSAL, NOT_HEARD, NOT_SPOKEN) if quoted not in log] == []


@pytest.mark.long
async def test_search_finds_what_a_server_is_told_to_keep(tmp_path: Path) -> None:
    """The search itself is not blind."""
    whispers = callers()[1:4:2]
    kinds = kinds_found(await whispered(whispers, tmp_path, keeps="everything"), whispers)
    places = ("tables of records.sqlite", "log", "traces", "webhooks")
    for place in (*places, "export as json", "export as csv"):
        assert kinds[place] == set(KINDS), place
    assert kinds["traces on the wire"]
    assert kinds["callers.sqlite"]


@pytest.mark.long
async def test_no_secret_is_left_by_a_server_that_is_killed_while_its_database_is_away(
    tmp_path: Path,
) -> None:
    whispers = callers()[1:4:2]
    redacted, everything = await asyncio.gather(
        *(killed(whispers, tmp_path / keeps, keeps=keeps) for keeps in ("redacted", "everything"))
    )
    assert found(redacted, whispers) == []
    # And the search is not blind: the first secrets are in the log of changes, the others wait.
    kinds = kinds_found(everything, whispers)
    assert kinds["tables of records.sqlite after the next start"] == set(KINDS)
    first, second = ({one.secrets[at].kind for one in whispers} for at in (0, 1))
    assert first <= kinds["records.sqlite-wal when it was killed"]
    assert first <= kinds["tables of records.sqlite when it was killed"]
    assert second <= kinds["spilled when it was killed"]
    for left in (redacted, everything):
        assert [record["end_reason"] for record in left.records] == ["interrupted"] * 2
