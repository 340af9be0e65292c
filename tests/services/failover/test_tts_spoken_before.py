"""What was said before is said at once, without asking anybody."""

import asyncio
from pathlib import Path

import pytest
from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    TTSUpdateSettingsFrame,
)
from pipecat.services.settings import TTSSettings

from services.failover.tts.sound import USUAL_PACE, letters_in
from services.phrases.cache import PhraseCache
from services.phrases.repertoire import Repertoire
from tests.services.failover.tts_fakes import (
    FINE,
    HANGS,
    Call,
    FakeVoice,
    Manner,
    RequestVoice,
    StreamingVoice,
    call,
    health,
)
from tests.virtual_time import in_virtual_time

GREETING = "Hello, this is the shop of lamps."
HOURS = "We are open from nine to five."
NAMED = "Your name is Paul Allen."


@pytest.fixture
def repertoire(tmp_path: Path) -> Repertoire:
    return Repertoire(PhraseCache(tmp_path, most_bytes=10_000_000), (GREETING, HOURS))


async def said(made: Call, text: str) -> None:
    """Say a phrase, and wait until it is out."""
    before = len(made.ear.of(TTSStoppedFrame))
    await made.worker.queue_frame(TTSSpeakFrame(text))
    await made.ear.until(TTSStoppedFrame, before + 1)


async def audio_after_s(made: Call, *frames: Frame) -> float:
    began_s = asyncio.get_running_loop().time()
    made.ear.frames.clear()
    await made.worker.queue_frames(list(frames))
    await made.ear.until(TTSAudioRawFrame)
    return asyncio.get_running_loop().time() - began_s


@in_virtual_time
async def test_a_phrase_said_once_is_said_again_at_once_and_by_nobody(repertoire: Repertoire):
    first = StreamingVoice()
    async with call(first, repertoire=repertoire) as made:
        await said(made, GREETING)
    second = StreamingVoice()
    async with call(second, repertoire=repertoire) as made:
        assert await audio_after_s(made, TTSSpeakFrame(GREETING)) == 0.0
    assert first.asked == [GREETING]
    assert second.asked == []
    assert made.ear.words == made.ear.told == GREETING.split()
    assert made.ear.remembered == GREETING


@pytest.mark.parametrize("voice", [StreamingVoice, RequestVoice])
@in_virtual_time
async def test_words_are_due_when_they_were_the_first_time(
    repertoire: Repertoire, voice: type[FakeVoice]
):
    due_s: list[list[float]] = []
    for _ in range(2):
        async with call(voice(), repertoire=repertoire) as made:
            await said(made, GREETING)
        at_s = [frame.pts / 1e9 for frame in made.ear.of(TTSTextFrame)]
        due_s.append([each_s - at_s[0] for each_s in at_s])
    assert due_s[1] == pytest.approx(due_s[0], abs=0.02)


@in_virtual_time
async def test_what_no_bot_declares_is_never_kept(repertoire: Repertoire):
    async with call(StreamingVoice(), repertoire=repertoire) as made:
        await said(made, NAMED)
    assert len(repertoire.cache) == 0


@pytest.mark.parametrize("manner", [Manner(words=3), Manner(words=3, then="error")])
@in_virtual_time
async def test_a_phrase_that_was_not_said_whole_by_one_voice_is_not_kept(
    repertoire: Repertoire, manner: Manner
):
    async with call(StreamingVoice(manner), StreamingVoice(FINE, 1), repertoire=repertoire) as made:
        await said(made, GREETING)
    assert len(repertoire.cache) == 0


@in_virtual_time
async def test_a_phrase_that_the_caller_interrupted_is_not_kept(repertoire: Repertoire):
    async with call(StreamingVoice(), repertoire=repertoire) as made:
        await made.worker.queue_frame(TTSSpeakFrame(GREETING))
        await made.ear.until(TTSAudioRawFrame)
        await made.worker.queue_frame(InterruptionFrame())
        await made.ear.until(InterruptionFrame)
    assert len(repertoire.cache) == 0


@in_virtual_time
async def test_a_backup_keeps_a_phrase_in_its_own_voice(repertoire: Repertoire):
    healths = [health(), health()]
    async with call(
        StreamingVoice(HANGS), StreamingVoice(FINE, 1), healths=healths, repertoire=repertoire
    ) as made:
        await said(made, GREETING)
        await said(made, GREETING)
        assert made.ear.heard == [(word, 1) for word in 2 * GREETING.split()]
    lead = StreamingVoice()
    async with call(lead, repertoire=repertoire) as made:
        await said(made, GREETING)
    assert lead.asked == [GREETING]


@in_virtual_time
async def test_another_voice_of_the_same_provider_is_asked(repertoire: Repertoire):
    async with call(StreamingVoice(), repertoire=repertoire) as made:
        await said(made, GREETING)
    other = StreamingVoice()
    other._settings.voice = "berta"
    async with call(other, repertoire=repertoire) as made:
        await said(made, GREETING)
    assert other.asked == [GREETING]


@in_virtual_time
async def test_a_provider_at_another_address_is_asked(repertoire: Repertoire):
    async with call(StreamingVoice(), repertoire=repertoire) as made:
        await said(made, GREETING)
    elsewhere = Repertoire(repertoire.cache, repertoire.texts, {"a": "wss://other.example"})
    other = StreamingVoice()
    async with call(other, repertoire=elsewhere) as made:
        await said(made, GREETING)
    assert other.asked == [GREETING]


@in_virtual_time
async def test_a_bot_that_changes_its_voice_is_not_answered_in_the_old_one(
    repertoire: Repertoire,
):
    async with call(StreamingVoice(), repertoire=repertoire) as made:
        await said(made, GREETING)
    changing = StreamingVoice()
    async with call(changing, repertoire=repertoire) as made:
        await made.worker.queue_frames(
            [TTSUpdateSettingsFrame(delta=TTSSettings(voice="berta")), TTSSpeakFrame(GREETING)]
        )
        await made.ear.until(TTSStoppedFrame)
    assert changing.asked == [GREETING]


@in_virtual_time
async def test_the_rest_of_an_answer_is_asked_for_while_its_first_sentence_is_heard(
    repertoire: Repertoire,
):
    async with call(StreamingVoice(), repertoire=repertoire) as made:
        await said(made, HOURS)
    voice = StreamingVoice()
    async with call(voice, repertoire=repertoire) as made:
        await made.say(HOURS, NAMED)
        await made.ear.until(LLMFullResponseEndFrame)
    assert voice.asked == [NAMED]
    assert made.ear.words == made.ear.told == f"{HOURS} {NAMED}".split()
    assert made.incidents == []
    due_s = [frame.pts / 1e9 for frame in made.ear.of(TTSTextFrame)]
    plays_s = sum(letters_in(word) for word in HOURS.split()) / USUAL_PACE
    assert due_s[len(HOURS.split())] - due_s[0] == pytest.approx(plays_s, abs=0.02)


@in_virtual_time
async def test_a_sentence_that_is_there_does_not_wait_for_the_one_behind_it(
    repertoire: Repertoire,
):
    async with call(StreamingVoice(), repertoire=repertoire) as made:
        await said(made, HOURS)
    async with call(StreamingVoice(), repertoire=repertoire) as made:
        begun = (LLMFullResponseStartFrame(), LLMTextFrame(f"{HOURS} Your"))
        assert await audio_after_s(made, *begun) == 0.0
        await made.worker.queue_frames([LLMTextFrame(" name."), LLMFullResponseEndFrame()])
        await made.ear.until(LLMFullResponseEndFrame)
    assert made.ear.words == f"{HOURS} Your name.".split()


@in_virtual_time
async def test_a_caller_may_interrupt_what_is_said_from_memory(repertoire: Repertoire):
    async with call(StreamingVoice(), repertoire=repertoire) as made:
        await said(made, HOURS)
    voice = StreamingVoice()
    async with call(voice, repertoire=repertoire) as made:
        await made.worker.queue_frames([LLMFullResponseStartFrame(), LLMTextFrame(f"{HOURS} A")])
        await made.ear.until(TTSAudioRawFrame)
        await made.worker.queue_frame(InterruptionFrame())
        await made.ear.until(InterruptionFrame)
        assert len(made.ear.told) < len(HOURS.split())
        await said(made, GREETING)
    assert voice.asked == [GREETING]
    assert made.ear.told[-7:] == GREETING.split()


@in_virtual_time
async def test_a_provider_that_is_down_is_not_missed(repertoire: Repertoire):
    async with call(StreamingVoice(), repertoire=repertoire) as made:
        await said(made, GREETING)
    async with call(StreamingVoice(HANGS), repertoire=repertoire) as made:
        await said(made, GREETING)
    assert made.ear.words == GREETING.split()
    assert made.incidents == []
