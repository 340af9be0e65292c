"""A recording on disk: plays when its process died, sealed, silenced, drawn and erased."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
import textwrap
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile

from calls.recording.erasing import erase, erase_older
from calls.recording.files import create, folder_of, recording_of
from calls.recording.finishing import finish, finish_left_over, silence, unfinished
from calls.recording.reading import SIDES, open_recording
from calls.recording.recorder import Recorder
from calls.recording.sealed_file import WrongKey
from calls.recording.sound_file import PLAIN, SEALED, UNFINISHED, NotARecording
from calls.recording.to_silence import NOTES, Span, note_of
from calls.recording.waveform import waveform
from settings import Settings, SettingsError
from tests.virtual_time import in_virtual_time

KEY = bytes(range(32))
KEYS = pytest.mark.parametrize("key", [None, KEY], ids=["plain", "sealed"])
RATE_HZ = 8_000
SECONDS = 10
CALL = "0a1b2c"


def a_recording(data_dir: Path, key: bytes | None, call_id: str = CALL) -> Path:
    """The caller counts samples, the bot the tenths of seconds."""
    path = folder_of(data_dir, call_id) / (SEALED if key else PLAIN)
    file = create(path, RATE_HZ, key)
    caller = np.arange(RATE_HZ * SECONDS) % 1000 + 1
    bot = np.arange(RATE_HZ * SECONDS) // 800 + 1
    stereo = np.stack([caller, bot], axis=1).astype(np.int16)
    for index, chunk in enumerate(stereo.reshape(2 * SECONDS, -1, 2)):
        file.write(index, chunk.tobytes())
    file.close()
    return path


def side(path: Path, key: bytes | None, which: str, from_s: float = 0, to_s: float = SECONDS):
    with open_recording(path, key) as recording:
        pcm = b"".join(recording.pcm(from_s, to_s, side=which))  # type: ignore[arg-type]
    return np.frombuffer(pcm, np.int16)


@KEYS
def test_recording_is_heard_from_any_second_on(tmp_path: Path, key: bytes | None) -> None:
    path = a_recording(tmp_path, key)
    for from_s, to_s in ((0, SECONDS), (0.3, 0.4), (3.21, 7.77), (9.9, 99)):
        bot = side(path, key, "bot", from_s, to_s)
        assert bot.size == round((min(to_s, SECONDS) - from_s) * RATE_HZ)
        assert bot[0] == int(from_s * 10 + 1e-6) + 1
    with open_recording(path, key) as recording:
        assert recording.duration_s == SECONDS
        assert list(recording.pcm(20, 30)) == []


@KEYS
def test_every_range_of_bytes_is_that_of_the_whole_wav_file(
    tmp_path: Path, key: bytes | None
) -> None:
    with open_recording(a_recording(tmp_path, key), key) as recording:
        whole = b"".join(recording.wav())
        assert len(whole) == recording.wav_size
        for start, stop in ((0, 10), (10, 44), (40, 60), (44, 45), (16_000, 64_321), (999, None)):
            assert b"".join(recording.wav(start, stop)) == whole[start:stop]
    (tmp_path / "whole.wav").write_bytes(whole)
    samples, rate_hz = soundfile.read(tmp_path / "whole.wav", dtype="int16")
    assert (samples.shape, rate_hz) == ((RATE_HZ * SECONDS, 2), RATE_HZ)


KILLED = """
    import asyncio, sys, time
    from pathlib import Path
    import numpy as np
    from calls.recording.recorder import Recorder

    async def main(path, key):
        zero = time.monotonic()
        recorder = Recorder(Path(path), rate_hz=8000, key=key, now=lambda: time.monotonic() - zero)
        recorder.start()
        loud = np.full(160, 9000, np.int16).tobytes()
        for number in range(100_000):
            recorder.caller(loud, 8000)
            recorder.bot(loud, 8000)
            if number == 150:
                print("three seconds", flush=True)
            await asyncio.sleep(max(0, zero + number * 0.02 - time.monotonic()))

    asyncio.run(main(sys.argv[1], bytes.fromhex(sys.argv[2]) or None))
"""


@KEYS
def test_recording_plays_when_its_process_was_killed(tmp_path: Path, key: bytes | None) -> None:
    path = folder_of(tmp_path, CALL) / ((SEALED if key else PLAIN) + UNFINISHED)
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(path), (key or b"").hex()]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    ) as process:
        assert process.stdout
        while "three seconds" not in process.stdout.readline():
            assert process.poll() is None
        assert not unfinished(tmp_path), "it is being written"
        os.kill(process.pid, signal.SIGKILL)
    assert unfinished(tmp_path) == [CALL]
    if key is None:
        with wave.open(str(path)) as plain:
            assert plain.getnframes() / plain.getframerate() >= 1.5
    assert recording_of(tmp_path, CALL) is None, "nobody plays what was not silenced"
    finished = finish(tmp_path, CALL, [Span("caller", 0.5, 0.7)], key)
    assert finished == recording_of(tmp_path, CALL)
    assert finished is not None
    assert not unfinished(tmp_path)
    caller, bot = (side(finished, key, which, 0.0, 1.4) for which in ("caller", "bot"))
    assert np.all(caller[int(0.4 * RATE_HZ) : int(0.8 * RATE_HZ)] == 0)
    assert np.sum(caller > 8000) > 0.5 * RATE_HZ
    assert np.sum(bot > 8000) > 0.5 * RATE_HZ


def test_what_dead_processes_left_is_finished_at_the_next_start(tmp_path: Path) -> None:
    for call_id, key in (("plain", None), ("sealed", KEY), ("foreign", bytes(32))):
        path = a_recording(tmp_path, key, call_id)
        path.rename(path.with_name(path.name + UNFINISHED))
    assert finish_left_over(tmp_path, KEY) == ["plain", "sealed"]
    assert recording_of(tmp_path, "sealed")
    assert unfinished(tmp_path) == ["foreign"]


@pytest.mark.parametrize(
    ("broken", "heard"),
    [
        ('{"who": "caller", "start_s": 1.0, "en', True),
        ('{"who": "callez", "start_s": 1.0, "end_s": 2.0}\n', False),
        ('{"who": "caller", "start_3": 1.0, "end_s": 2.0}\n', False),
        ('{"who": "caller", "start_s": 1.0, "end_s\n', False),
        ("null\n", False),
        ("\0" * 40 + "\n", False),
    ],
)
def test_note_that_nobody_understands_silences_the_recording_and_stops_no_start(
    tmp_path: Path, broken: str, heard: bool
) -> None:
    path = a_recording(tmp_path, None)
    part = path.rename(path.with_name(path.name + UNFINISHED))
    checked = note_of("caller", [], 99.0) + note_of("bot", [], 99.0)
    part.with_name(NOTES).write_text(checked + broken + ("" if heard else checked))
    assert finish_left_over(tmp_path) == [path.parent.name]
    assert [bool(side(path, None, each).any()) for each in SIDES] == [heard, heard]


@KEYS
def test_recording_that_was_cut_off_anywhere_plays_up_to_there(
    tmp_path: Path, key: bytes | None
) -> None:
    path = a_recording(tmp_path, key)
    size = path.stat().st_size
    whole = side(path, key, "caller")
    for cut in (size - 1, size // 2, size // 3):
        os.truncate(path, cut)
        rest = side(path, key, "caller")
        good = min(rest.size, int(cut / size * whole.size) - RATE_HZ)
        assert good > RATE_HZ
        assert np.array_equal(rest[:good], whole[:good])


def test_sealed_recording_opens_with_its_own_key_only(tmp_path: Path) -> None:
    path = a_recording(tmp_path, KEY)
    assert (np.arange(1, 9, dtype=np.int16).tobytes() in path.read_bytes()) is False
    with pytest.raises(WrongKey, match="RECORDING_KEY"):
        open_recording(path, bytes(32))
    with pytest.raises(WrongKey, match="RECORDING_KEY"):
        open_recording(path)


def test_chunk_that_was_moved_or_changed_is_silence_and_the_rest_plays(tmp_path: Path) -> None:
    path = a_recording(tmp_path, KEY)
    data = bytearray(path.read_bytes())
    slot = (len(data) - 64) // (2 * SECONDS)
    data[64 + 2 * slot : 64 + 3 * slot] = data[64 + 4 * slot : 64 + 5 * slot]
    data[64 + 6 * slot + 100] ^= 1
    path.write_bytes(data)
    bot = side(path, KEY, "bot")
    assert np.flatnonzero(bot == 0).size == 2 * RATE_HZ // 2
    assert np.all(bot[RATE_HZ : RATE_HZ * 3 // 2] == 0)
    assert bot[-1] == 10 * SECONDS


@KEYS
def test_what_nobody_is_to_hear_is_silence_on_its_side_alone(
    tmp_path: Path, key: bytes | None
) -> None:
    path = a_recording(tmp_path, key)
    before = waveform(path, SECONDS, key)
    silence(path, [Span("caller", 2.0, 4.0), Span("bot", 9.8, 12.0), Span("caller", -1, 0.1)], key)
    caller, bot = side(path, key, "caller"), side(path, key, "bot")
    assert np.all(caller[int(1.9 * RATE_HZ) : int(4.1 * RATE_HZ)] == 0)
    assert np.all(caller[int(0.3 * RATE_HZ) : int(1.8 * RATE_HZ)] != 0)
    assert np.all(caller[int(4.2 * RATE_HZ) :] != 0)
    assert np.all(caller[: int(0.2 * RATE_HZ)] == 0)
    assert np.all(bot[: int(9.6 * RATE_HZ)] != 0)
    assert np.all(bot[int(9.8 * RATE_HZ) :] == 0)
    after = waveform(path, SECONDS, key)
    assert after[0][2:4] == [0.0, 0.0] != before[0][2:4]


@KEYS
def test_waveform_shows_either_side_and_is_kept_beside_the_recording(
    tmp_path: Path, key: bytes | None
) -> None:
    path = folder_of(tmp_path, CALL) / (SEALED if key else PLAIN)
    file = create(path, RATE_HZ, key)
    half = np.zeros((RATE_HZ // 2, 2), np.int16)
    for index in range(8):
        half[:, 0], half[:, 1] = (-32768 if index >= 4 else 0), (16384 if index == 0 else 0)
        file.write(index, half.tobytes())
    file.close()
    for _ in range(2):
        caller, bot = waveform(path, 4, key)
        assert caller == [0.0, 0.0, 1.0, 1.0]
        assert bot == pytest.approx([0.5, 0, 0, 0], abs=0.01)
    assert [p.name for p in sorted(path.parent.iterdir())] == [path.name, f"{path.name}.peaks"]
    assert len(waveform(path, 3000, key)[0]) == 3000


@KEYS
def test_erased_recording_is_gone_and_it_is_shown(tmp_path: Path, key: bytes | None) -> None:
    path = a_recording(tmp_path, key)
    other = a_recording(tmp_path, key, "another-call")
    waveform(path, 10, key)
    erased = erase(tmp_path, CALL)
    assert (erased.files, erased.left) == (2, ())
    assert erased.size_bytes > SECONDS * RATE_HZ * 4
    assert not folder_of(tmp_path, CALL).exists()
    assert other.exists()
    assert erase(tmp_path, CALL).files == 0


def test_recordings_that_are_old_are_erased_and_no_others(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    for age_days, call_id in ((40, "old"), (31, "running"), (29, "new")):
        path = a_recording(tmp_path, None, call_id)
        written = (now - timedelta(days=age_days)).timestamp()
        os.utime(path, (written, written))
    erased = erase_older(tmp_path, now - timedelta(days=30), keep=["running"])
    assert [one.call_id for one in erased] == ["old"]
    assert recording_of(tmp_path, "new")
    assert recording_of(tmp_path, "running")


@pytest.mark.parametrize("call_id", ["", ".", "..", "../x", "a/b", "a\0b"])
def test_call_id_is_no_way_out_of_the_folder(tmp_path: Path, call_id: str) -> None:
    with pytest.raises(ValueError, match="no call's id"):
        erase(tmp_path, call_id)


def test_file_of_somebody_else_is_no_recording(tmp_path: Path) -> None:
    path = tmp_path / PLAIN
    path.write_bytes(b"RIFF" + bytes(100))
    with pytest.raises(NotARecording):
        open_recording(path)
    assert os.stat(a_recording(tmp_path, None)).st_mode & 0o077 == 0


@pytest.mark.parametrize("writes", [0, 20])
def test_disk_that_is_full_ends_the_recording_and_nothing_else(
    tmp_path: Path, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    @in_virtual_time
    async def story() -> None:
        loop = asyncio.get_running_loop()
        zero_s = loop.time()
        failed: list[str] = []
        recorder = Recorder(
            tmp_path / PLAIN,
            rate_hz=RATE_HZ,
            now=lambda: loop.time() - zero_s,
            on_failed=failed.append,
        )
        recorder.start()
        for _ in range(500):
            recorder.caller(bytes(320), RATE_HZ)
            recorder.bot(bytes(320), RATE_HZ)
            await asyncio.sleep(0.02)
        await recorder.close()
        assert failed == ["No space left on device"]
        assert recorder.held_bytes == 0

    left, pwrite = iter(range(writes)), os.pwrite

    def nearly_full(descriptor: int, data: bytes, at: int) -> int:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return pwrite(descriptor, data, at)

    monkeypatch.setattr(os, "pwrite", nearly_full)
    story()


@in_virtual_time
async def test_last_of_the_disk_is_left_to_the_records(tmp_path: Path) -> None:
    failed: list[str] = []
    recorder = Recorder(
        tmp_path / PLAIN,
        rate_hz=RATE_HZ,
        now=asyncio.get_running_loop().time,
        on_failed=failed.append,
        leave_free_bytes=2**62,
    )
    recorder.start()
    await asyncio.sleep(5)
    await recorder.close()
    assert failed == ["No space left on device"]


@in_virtual_time
async def test_what_is_held_in_memory_does_not_grow_with_the_call(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    zero_s = loop.time()
    recorder = Recorder(tmp_path / PLAIN, rate_hz=RATE_HZ, now=lambda: loop.time() - zero_s)
    recorder.start()
    held: list[int] = []
    for frame in range(30 * 60 * 10):
        recorder.caller(bytes(1600), RATE_HZ)
        recorder.bot(bytes(1600), RATE_HZ)
        if frame % 600 == 599:
            held.append(recorder.held_bytes)
        await asyncio.sleep(0.1)
    await recorder.close()
    assert max(held) < 1_000_000
    assert max(held[1:]) <= held[0] * 1.2


@pytest.mark.parametrize("value", ["short", "QUJD", "not base64 at all!"])
def test_key_that_is_none_stops_the_start_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("RECORDING_KEY", value)
    with pytest.raises(SettingsError, match=r"RECORDING_KEY is wrong.*openssl") as told:
        Settings.load(env_file=None)
    assert value not in str(told.value)
