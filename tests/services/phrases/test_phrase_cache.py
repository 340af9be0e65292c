"""Phrases outlive the process, and nothing that the disk does disturbs a call."""

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger

from services.phrases.cache import PhraseCache
from services.phrases.file_format import Corrupt, from_bytes, to_bytes
from services.phrases.phrase import Phrase, PhraseKey, normalised

RATE_HZ = 8_000
MANY_BYTES = 1_000_000
KEY = PhraseKey("anna", RATE_HZ, "Hello there.")


def phrase(value: int = 700, samples: int = 400) -> Phrase:
    return Phrase(np.full(samples, value, np.int16).tobytes(), RATE_HZ, (0.0, 0.025))


def key(number: int) -> PhraseKey:
    return KEY._replace(text=f"Phrase {number}.")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "phrases"


@pytest.fixture
def log() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(message.record["message"]), level="WARNING")
    yield lines
    logger.remove(sink)


async def opened(folder: Path, most_bytes: int = MANY_BYTES) -> PhraseCache:
    cache = PhraseCache(folder, most_bytes=most_bytes)
    await cache.open()
    return cache


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*"))


async def test_what_was_kept_is_found_at_once_and_after_the_next_start(folder: Path) -> None:
    cache = await opened(folder)
    cache.keep(KEY, phrase())
    assert cache.find(KEY) == phrase()
    cache.written()
    assert (await opened(folder)).find(KEY) == phrase()


@pytest.mark.parametrize(
    "other",
    [
        KEY._replace(voice="berta"),
        KEY._replace(rate_hz=24_000),
        KEY._replace(text="Hello there!"),
        KEY._replace(text="hello there."),
    ],
)
async def test_another_voice_rate_or_text_is_another_phrase(folder: Path, other: PhraseKey) -> None:
    cache = await opened(folder)
    cache.keep(KEY, phrase())
    assert cache.find(other) is None


def test_spaces_are_of_no_account() -> None:
    assert normalised(" Hello\n  there. ") == "Hello there."


def test_two_ways_of_writing_one_letter_are_one() -> None:
    assert normalised("Cafe\u0301") == normalised("Caf\u00e9")


async def test_the_phrase_used_longest_ago_goes_first(folder: Path) -> None:
    room_for_four = 4 * (len(phrase().audio) + 1024)
    cache = await opened(folder, room_for_four)
    for number in range(4):
        cache.keep(key(number), phrase())
    assert cache.find(key(0))
    cache.keep(key(4), phrase())
    cache.written()
    for known in (cache, await opened(folder, room_for_four)):
        assert [bool(known.find(key(n))) for n in range(5)] == [True, False, True, True, True]
    assert len(files(folder)) == 4


async def test_a_smaller_bound_holds_for_what_an_earlier_start_left(folder: Path) -> None:
    cache = await opened(folder)
    for number in range(10):
        cache.keep(key(number), phrase())
    cache.written()
    smaller = await opened(folder, 4 * (len(phrase().audio) + 1024))
    smaller.written()
    assert len(smaller) == len(files(folder)) == 4
    assert smaller.find(key(9))


async def test_a_phrase_that_would_drive_out_the_others_is_not_kept(folder: Path) -> None:
    cache = await opened(folder, 10_000)
    cache.keep(KEY, phrase(samples=4_000))
    cache.written()
    assert cache.find(KEY) is None
    assert files(folder) == []


@pytest.mark.parametrize(
    "harm",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:],
        lambda content: b"",
        lambda content: b"\n\n",
        lambda content: b"nothing of the kind",
    ],
)
async def test_a_file_that_was_harmed_is_thrown_away_and_said_so(
    folder: Path, harm: Any, log: list[str]
) -> None:
    cache = await opened(folder)
    for number in range(2):
        cache.keep(key(number), phrase())
    cache.written()
    harmed = files(folder)[0]
    harmed.write_bytes(harm(harmed.read_bytes()))
    again = await opened(folder)
    assert len(again) == len(files(folder)) == 1
    assert len(log) == 1
    assert str(harmed) in log[0]


async def test_a_file_under_another_phrases_name_is_thrown_away(folder: Path) -> None:
    cache = await opened(folder)
    for number in range(2):
        cache.keep(key(number), phrase())
    cache.written()
    one, other = files(folder)
    one.write_bytes(other.read_bytes())
    assert len(await opened(folder)) == 1


async def test_what_a_killed_process_left_half_written_is_removed(folder: Path) -> None:
    folder.mkdir()
    (folder / "abc.123-0.unfinished").write_bytes(b"half")
    assert len(await opened(folder)) == 0
    assert files(folder) == []


async def test_files_of_others_are_left_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    await opened(folder)
    assert (folder / "notes.txt").read_text() == "mine"


async def test_a_full_disk_leaves_no_half_file_and_the_phrase_is_said_from_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    cache = await opened(folder)
    monkeypatch.setattr(Path, "write_bytes", full)
    for number in range(3):
        cache.keep(key(number), phrase())
    cache.written()
    assert all(cache.find(key(number)) for number in range(3))
    assert files(folder) == []
    assert len(log) == 1, "once is enough"
    assert "No space left on device" in log[0]


async def test_a_disk_that_has_room_again_is_written_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    cache = await opened(folder)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", _refuse)
        cache.keep(key(0), phrase())
        cache.written()
    cache.keep(key(1), phrase())
    cache.written()
    assert (await opened(folder)).find(key(1))


async def test_a_folder_that_cannot_be_made_costs_a_line_in_the_log(
    folder: Path, log: list[str]
) -> None:
    folder.write_text("in the way")
    cache = await opened(folder / "deeper")
    cache.keep(KEY, phrase())
    cache.written()
    assert cache.find(KEY)
    assert len(log) == 1


async def test_a_file_that_cannot_be_read_costs_a_line_in_the_log(
    folder: Path, monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    cache = await opened(folder)
    cache.keep(KEY, phrase())
    cache.written()
    monkeypatch.setattr(Path, "read_bytes", _refuse)
    assert (await opened(folder)).find(KEY) is None
    assert len(log) == 1
    assert len(files(folder)) == 1


async def test_a_clock_that_jumps_back_does_not_make_the_newest_the_oldest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = await opened(folder)
    cache.keep(key(0), phrase())
    cache.written()
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    cache.keep(key(1), phrase())
    cache.written()
    again = await opened(folder)
    again.keep(key(2), phrase())
    again.written()
    by_age = sorted(files(folder), key=lambda path: path.stat().st_mtime)
    texts = [from_bytes(path.read_bytes())[0].text for path in by_age]
    assert texts == ["Phrase 0.", "Phrase 1.", "Phrase 2."]


async def test_a_file_from_the_future_is_an_ordinary_file(folder: Path) -> None:
    cache = await opened(folder)
    cache.keep(key(0), phrase())
    cache.written()
    in_the_future_s = time.time() + 1e9
    os.utime(files(folder)[0], (in_the_future_s, in_the_future_s))
    again = await opened(folder)
    again.keep(key(1), phrase())
    again.written()
    room_for_one = 4 * len(phrase().audio)
    assert (await opened(folder, room_for_one)).find(key(1))


async def test_opening_waits_for_the_disk_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = await opened(folder)
    monkeypatch.setattr(Path, "iterdir", _refuse)
    await cache.open()


async def test_what_was_spoken_before_the_disk_was_read_stays(folder: Path) -> None:
    cache = await opened(folder)
    cache.keep(KEY, phrase(value=1))
    cache.written()
    again = PhraseCache(folder, most_bytes=MANY_BYTES)
    again.keep(KEY, phrase(value=2))
    await again.open()
    assert again.find(KEY) == phrase(value=2)


@given(
    st.text(),
    st.binary(min_size=2).map(lambda audio: audio[: len(audio) // 2 * 2]),
    st.lists(st.floats(min_value=0, max_value=60), max_size=20).map(tuple),
)
def test_a_file_holds_any_phrase(text: str, audio: bytes, starts_s: tuple[float, ...]) -> None:
    wanted = PhraseKey('["cartesia", {}]', RATE_HZ, text), Phrase(audio, RATE_HZ, starts_s)
    assert from_bytes(to_bytes(*wanted)) == wanted


@given(st.binary(max_size=300))
def test_no_content_is_taken_for_a_phrase_that_is_none(content: bytes) -> None:
    with pytest.raises(Corrupt):
        from_bytes(content)


def _refuse(*_: Any) -> Any:
    raise OSError(errno.EACCES, "Permission denied")
