import numpy as np
import pytest
import soxr
from pipecat.frames.frames import TTSAudioRawFrame

from services.embedded import espeak
from services.failover.incident import Failure
from services.failover.tts.judge import Judge
from services.failover.tts.pitch import Pitch
from services.failover.tts.speech import Speech
from services.failover.tts.words import Reached

TEXT = "Your order arrives on Wednesday afternoon."


async def spoken(rate_hz: int, voice: str) -> bytes:
    spec = espeak.VoiceSpec(variant=voice)
    blocks = [np.frombuffer(chunk.pcm, np.int16) async for chunk in espeak.stream(TEXT, spec)]
    pcm = soxr.resample(np.concatenate(blocks), espeak.SAMPLE_RATE_HZ, rate_hz)
    return pcm.tobytes()


def pitch_hz(audio: bytes, rate_hz: int, step: int = 1600) -> float | None:
    pitch = Pitch()
    for at in range(0, len(audio), step):
        pitch.hear(audio[at : at + step], rate_hz)
    return pitch.hz


@pytest.mark.parametrize("voice", ["f3", "m3"])
async def test_a_voice_has_the_same_pitch_at_every_rate(voice: str):
    found = [pitch_hz(await spoken(rate_hz, voice), rate_hz) for rate_hz in (8000, 24_000)]
    assert found[0] is not None
    assert found[1] == pytest.approx(found[0], rel=0.1)


@pytest.mark.parametrize("voice", ["f3", "m3"])
@pytest.mark.parametrize(("made_for_hz", "played_at_hz"), [(24_000, 8000), (16_000, 8000)])
async def test_audio_played_too_slowly_is_as_much_lower(
    voice: str, made_for_hz: int, played_at_hz: int
):
    audio = await spoken(made_for_hz, voice)
    right, wrong = pitch_hz(audio, made_for_hz), pitch_hz(audio, played_at_hz)
    assert right is not None
    assert wrong == pytest.approx(right * played_at_hz / made_for_hz, rel=0.15)


async def test_half_a_second_of_speech_is_enough():
    audio = await spoken(8000, "f3")
    assert pitch_hz(audio[: 2 * 8000 * 6 // 10], 8000) == pytest.approx(
        pitch_hz(audio, 8000) or 0.0, rel=0.15
    )


def test_what_has_no_pitch_is_given_none():
    noise = np.random.default_rng(1).normal(0, 3000, 16_000).astype(np.int16)
    constant = np.full(16_000, 3000, np.int16)
    for samples in (noise, constant, np.zeros(16_000, np.int16)):
        assert pitch_hz(samples.tobytes(), 8000) is None


async def first_nonsense_s(made_for_hz: int, usual_hz: float | None) -> float | None:
    """After how much audio, played at 8 kHz, a judge knows that it is nonsense."""
    speech = Speech("context")
    speech.add(f"{TEXT} {TEXT}")
    judge = Judge(speech, Reached(speech, timed=False), pace=None, pitch_hz=usual_hz)
    audio = await spoken(made_for_hz, "f3")
    for at in range(0, len(audio), 1600):
        judge.audio(TTSAudioRawFrame(audio[at : at + 1600], 8000, 1))
        if judge.of_flow() is Failure.NONSENSE:
            return (at + 1600) / 16_000
    return None


async def test_a_known_voice_at_a_wrong_rate_is_nonsense_before_a_sentence_of_it_was_played():
    usual_hz = pitch_hz(await spoken(8000, "f3"), 8000)
    assert (await first_nonsense_s(24_000, usual_hz) or 9.0) < 1.0
    assert await first_nonsense_s(8000, usual_hz) is None
    assert await first_nonsense_s(8000, None) is None
