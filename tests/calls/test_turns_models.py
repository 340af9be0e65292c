"""The models that hear: as good as Pipecat's own, at a fraction of the cost."""

import asyncio
import threading
import time
from concurrent import futures
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADState

from calls import models
from calls.turn_taking import smart_turn
from calls.turn_taking.voice_activity import VoiceActivity
from rehearsal.voice import speak

FRAME_S = 0.02
RNG = np.random.default_rng(7)


async def two_sentences(rate_hz: int, noise: int) -> list[bytes]:
    """Two sentences with seconds of near silence around them, in frames of 20 ms."""
    first = (await speak("where is my order please", rate_hz)).pcm
    second = (await speak("yes", rate_hz)).pcm
    gap = np.zeros(round(2.5 * rate_hz), np.int16)
    sound = np.concatenate([gap, first, gap, second, gap]).astype(np.int32)
    sound += RNG.integers(-noise, noise + 1, sound.size)
    pcm = sound.clip(-32768, 32767).astype(np.int16)
    step = round(FRAME_S * rate_hz)
    return [pcm[at : at + step].tobytes() for at in range(0, pcm.size - step, step)]


async def turns_of(analyzer: SileroVADAnalyzer, frames: list[bytes]) -> list[tuple[VADState, int]]:
    """The states where they change, with the number of the frame."""
    states = [await analyzer.analyze_audio(frame) for frame in frames]
    changes = [(VADState.QUIET, 0)]
    changes += [(b, n) for n, (a, b) in enumerate(pairwise(states), 1) if a is not b]
    heard = (VADState.SPEAKING, VADState.QUIET)
    return [change for change in changes if change[0] in heard]


def counted(analyzer: VoiceActivity) -> list[int]:
    runs: list[int] = []
    model = analyzer._model

    def run(samples: np.ndarray, rate_hz: int) -> np.ndarray:
        runs.append(samples.size)
        return model(samples, rate_hz)

    run.reset_states = model.reset_states  # type: ignore[attr-defined]
    analyzer._model = run  # type: ignore[assignment]
    return runs


@pytest.mark.parametrize("noise", [0, 30, 300])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
async def test_voice_is_heard_when_pipecats_detector_hears_it(rate_hz: int, noise: int) -> None:
    frames = await two_sentences(rate_hz, noise)
    theirs, ours = SileroVADAnalyzer(), models.voice_activity()
    for analyzer in (theirs, ours):
        analyzer.set_sample_rate(rate_hz)
    expected = await turns_of(theirs, frames)
    heard = await turns_of(ours, frames)
    await theirs.cleanup()
    assert [state for state, _ in heard] == [state for state, _ in expected]
    assert len(heard) >= 5
    assert all(abs(a[1] - b[1]) <= 2 for a, b in zip(heard, expected, strict=True))


async def test_lasting_silence_costs_no_run_of_the_model() -> None:
    analyzer = models.voice_activity()
    analyzer.set_sample_rate(16_000)
    runs = counted(analyzer)
    for _ in range(500):
        await analyzer.analyze_audio(bytes(640))
    assert 0 < len(runs) <= 17


async def test_no_thread_is_started_to_hear_a_voice() -> None:
    analyzer = models.voice_activity()
    analyzer.set_sample_rate(16_000)
    before = set(threading.enumerate())
    for frame in (await two_sentences(16_000, 300))[:100]:
        await analyzer.analyze_audio(frame)
    assert set(threading.enumerate()) <= before | {
        thread for thread in threading.enumerate() if thread.name.startswith("asyncio_")
    }


async def test_detector_knows_of_the_quiet_before_it_says_so() -> None:
    analyzer = models.voice_activity()
    analyzer.set_sample_rate(16_000)
    quiet_s: list[float] = []
    for frame in await two_sentences(16_000, 0):
        if await analyzer.analyze_audio(frame) is VADState.STOPPING:
            quiet_s.append(analyzer.quiet_s)
        else:
            assert analyzer.quiet_s == 0.0
    assert 0.09 < max(quiet_s) < analyzer.params.stop_secs


async def test_calls_share_the_thread_of_the_model_of_turns() -> None:
    one, other = models.end_of_turn(), models.end_of_turn()
    assert one._model_executor is other._model_executor
    await one.cleanup()
    assert await asyncio.wrap_future(other._model_executor.submit(int, 7)) == 7


async def test_model_of_turns_tells_how_long_it_is_busy_and_leaves_out_what_nobody_waits_for() -> (
    None
):
    analyzer = models.end_of_turn()
    threads, may_go_on, begun = analyzer._model_executor, threading.Event(), list[int]()
    await asyncio.wrap_future(threads.submit(time.sleep, 0.05))
    assert analyzer.busy_for_s() == 0.0
    running: list[futures.Future[Any]] = [
        threads.submit(may_go_on.wait) for _ in range(threads._max_workers)
    ]
    left_out, wanted = (threads.submit(begun.append, number) for number in (1, 2))
    three_s = analyzer.busy_for_s()
    assert left_out.cancel()
    assert 0.0 < analyzer.busy_for_s() < three_s
    may_go_on.set()
    await asyncio.to_thread(futures.wait, [*running, wanted])
    assert begun == [2]
    assert analyzer.busy_for_s() == 0.0


async def test_model_of_turns_gets_16_khz_whatever_the_call_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loudest: dict[int, int] = {}
    for rate_hz in (8_000, 16_000):
        analyzer = models.end_of_turn()
        analyzer.set_sample_rate(rate_hz)
        got: list[np.ndarray] = []

        class Session:
            def run(self, _: None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
                got.append(inputs["input_features"])  # noqa: B023
                return [np.array([[0.9]], np.float32)]

        monkeypatch.setattr(analyzer, "_session", Session())
        seconds = np.arange(2 * rate_hz) / rate_hz
        tone = (8000 * np.sin(2 * np.pi * 1000 * seconds)).astype(np.int16)
        analyzer.append_audio(tone.tobytes(), True)
        await analyzer.analyze_end_of_turn()
        loudest[rate_hz] = int(got[0][0].mean(axis=1).argmax())
    assert loudest[8_000] == loudest[16_000]


def test_matrices_are_multiplied_on_one_thread() -> None:
    told = smart_turn.one_thread_for_matrices()
    libraries = list(smart_turn._blas_libraries())
    assert told or not libraries
    for library in libraries:
        assert library.scipy_openblas_get_num_threads64_() == 1
