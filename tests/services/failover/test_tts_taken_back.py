import pytest
from pipecat.frames.frames import TTSAudioRawFrame, TTSStoppedFrame, TTSTextFrame

from services.failover.incident import Failure
from services.failover.tts.taken_back import SpeechTakenBackFrame
from tests.services.failover.tts_fakes import (
    FINE,
    RATE_HZ,
    Ear,
    Manner,
    RequestVoice,
    StreamingVoice,
    call,
)
from tests.virtual_time import in_virtual_time

ORDER = "Your parcel with the two lamps left our house on Monday."


def from_the_taking_back_on(ear: Ear) -> Ear:
    at = next(n for n, frame in enumerate(ear.frames) if isinstance(frame, SpeechTakenBackFrame))
    later = Ear()
    later.frames = ear.frames[at:]
    return later


@pytest.mark.parametrize("claims_hz", [RATE_HZ // 3, RATE_HZ * 3])
def test_speech_at_a_wrong_rate_is_taken_back_and_said_again_from_its_begin(claims_hz: int):
    @in_virtual_time
    async def story() -> None:
        lead = StreamingVoice(Manner(claims_hz=claims_hz))
        async with call(lead, StreamingVoice(FINE, 1)) as made:
            await made.say(ORDER)
        assert [incident.how for incident in made.incidents] == [Failure.NONSENSE]
        again = from_the_taking_back_on(made.ear)
        assert again.heard == [(word, 1) for word in ORDER.split()]
        assert made.ear.told == ORDER.split()
        assert made.ear.remembered == ORDER

    story()


@in_virtual_time
async def test_a_voice_without_times_of_words_is_known_by_its_pace():
    lead = RequestVoice(FINE)
    async with call(lead, RequestVoice(FINE, 1)) as made:
        await made.say(ORDER)
        await made.ear.until(TTSStoppedFrame)
        lead.manner.claims_hz = RATE_HZ // 3
        await made.say(ORDER)
    assert [incident.how for incident in made.incidents] == [Failure.NONSENSE]
    again = from_the_taking_back_on(made.ear)
    assert again.heard == [(word, 1) for word in ORDER.split()]
    assert made.ear.told == ORDER.split() * 2


@in_virtual_time
async def test_words_are_told_when_they_are_played_while_audio_may_be_taken_back():
    slow = Manner(claims_hz=RATE_HZ // 3)
    async with call(StreamingVoice(slow), StreamingVoice(FINE, 1)) as made:
        await made.say(ORDER)
    before = made.ear.frames.index(made.ear.of(SpeechTakenBackFrame)[0])
    told = [f for f in made.ear.frames[:before] if isinstance(f, TTSTextFrame)]
    sent_s = sum(
        f.num_frames / f.sample_rate
        for f in made.ear.frames[:before]
        if isinstance(f, TTSAudioRawFrame)
    )
    assert sent_s > 2.0
    assert len(told) <= 2


@in_virtual_time
async def test_good_speech_is_never_taken_back():
    async with call(StreamingVoice(FINE), StreamingVoice(FINE, 1)) as made:
        await made.say(ORDER, ORDER)
    assert made.ear.of(SpeechTakenBackFrame) == []
    assert made.ear.told == ORDER.split() * 2
