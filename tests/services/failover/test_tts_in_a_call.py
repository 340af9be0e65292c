import asyncio
from dataclasses import dataclass
from itertools import pairwise

import pytest
from pipecat.frames.frames import (
    DataFrame,
    EndFrame,
    InterruptionFrame,
    LLMAssistantPushAggregationFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    MetricsFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    TTSUpdateSettingsFrame,
)
from pipecat.metrics.metrics import TTFBMetricsData
from pipecat.services.settings import TTSSettings

from processors.spoken_text import SpokenText
from services.embedded.tts import EspeakTTSService
from services.failover.tts.sound import USUAL_PACE, letters_in
from tests.services.failover.tts_fakes import (
    FINE,
    FIRST_AUDIO_S,
    HANGS,
    RATE_HZ,
    Manner,
    RequestVoice,
    StreamingVoice,
    call,
    health,
    reply,
)
from tests.virtual_time import in_virtual_time

ORDER = "Your parcel with the two lamps left our house on Monday."
THANKS = "Thank you for waiting so patiently."
MOMENT = "One moment please."


@dataclass
class Note(DataFrame):
    """Something that is not speech and must keep its place in it."""

    name_of_it: str = ""


@dataclass
class Receipt(DataFrame):
    """Something that an interruption must not lose."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.interruptible = False


@in_virtual_time
async def test_voice_that_goes_on_is_asked_for_two_words_before_the_third_begins():
    voice = StreamingVoice()
    voice._max_buffer_delay_ms = 0  # type: ignore[attr-defined]
    async with call(voice, before=[SpokenText()]) as made:
        await made.worker.queue_frames([LLMFullResponseStartFrame(), LLMTextFrame("We ")])
        await made.worker.queue_frame(LLMTextFrame("are "))
        await voice.was_asked.wait()
        assert voice.asked == ["We are"]
        await made.worker.queue_frames([LLMTextFrame("open. "), LLMFullResponseEndFrame()])
        await made.ear.until(TTSStoppedFrame)
        assert made.ear.words == ["We", "are", "open."]


@in_virtual_time
async def test_what_is_not_speech_keeps_its_place_when_the_speaker_changes():
    async with call(StreamingVoice(Manner(words=5)), RequestVoice(FINE, 1)) as made:
        await made.worker.queue_frames(
            [
                Note("before"),
                *reply(ORDER),
                Note("between"),
                TTSSpeakFrame(MOMENT, append_to_context=False),
                Note("after"),
            ]
        )
    seen = [
        frame.name_of_it if isinstance(frame, Note) else type(frame).__name__
        for frame in made.ear.frames
        if isinstance(
            frame, (Note, LLMFullResponseEndFrame, TTSStartedFrame, TTSStoppedFrame, EndFrame)
        )
    ]
    assert seen == [
        "before",
        "TTSStartedFrame",
        "TTSStoppedFrame",
        "LLMFullResponseEndFrame",
        "between",
        "TTSStartedFrame",
        "TTSStoppedFrame",
        "after",
        "EndFrame",
    ]


@in_virtual_time
async def test_a_phrase_stays_out_of_the_context_whoever_says_it():
    async with call(StreamingVoice(Manner(words=1)), StreamingVoice(FINE, 1)) as made:
        await made.worker.queue_frame(TTSSpeakFrame(MOMENT, append_to_context=False))
        await made.ear.until(TTSStoppedFrame)
        await made.worker.queue_frame(TTSSpeakFrame(THANKS))
    assert made.ear.words == made.ear.told == f"{MOMENT} {THANKS}".split()
    assert made.ear.remembered == THANKS
    assert [frame.append_to_context for frame in made.ear.of(TTSStartedFrame)] == [False, True]
    assert len(made.ear.of(LLMAssistantPushAggregationFrame)) == 1


@in_virtual_time
async def test_everything_of_one_reply_is_one_stretch_of_speech_with_one_name():
    async with call(StreamingVoice(Manner(words=5)), StreamingVoice(FINE, 1)) as made:
        await made.say(ORDER)
    named = (TTSStartedFrame, TTSAudioRawFrame, TTSTextFrame, TTSStoppedFrame)
    assert len({frame.context_id for kind in named for frame in made.ear.of(kind)}) == 1


@in_virtual_time
async def test_a_call_is_ended_after_the_last_words_though_the_lead_hangs():
    async with call(StreamingVoice(HANGS), StreamingVoice(FINE, 1)) as made:
        await made.worker.queue_frames([*reply(ORDER), EndFrame()])
        await made.ear.until(EndFrame)
        assert made.ear.words == ORDER.split()


@in_virtual_time
async def test_a_reply_that_was_never_ended_does_not_keep_a_call_from_ending():
    async with call(StreamingVoice(FINE)) as made:
        await made.worker.queue_frames([LLMFullResponseStartFrame(), LLMTextFrame(ORDER)])
    assert made.ear.words == ORDER.split()


@in_virtual_time
async def test_a_caller_who_speaks_while_the_speaker_changes_hears_nothing_of_the_old():
    lead, backup = StreamingVoice(Manner(words=3)), StreamingVoice(Manner(first_audio_s=0.8), 1)
    async with call(lead, backup) as made:
        await made.worker.queue_frames([*reply(ORDER), Receipt()])
        await backup.was_asked.wait()
        await made.worker.queue_frame(InterruptionFrame())
        await made.ear.until(InterruptionFrame)
        await made.ear.until(Receipt)
        await made.say(THANKS)
    assert made.ear.words == [*ORDER.split()[:3], *THANKS.split()]
    assert made.ear.told == made.ear.words
    assert len(made.ear.of(InterruptionFrame)) == 1
    assert len(made.incidents) == 1


@in_virtual_time
async def test_what_may_not_be_interrupted_is_said_to_the_end_by_another():
    phrase = TTSSpeakFrame(ORDER)
    phrase.interruptible = False
    lead = StreamingVoice(Manner(words=3))
    async with call(lead, StreamingVoice(FINE, 1)) as made:
        await made.worker.queue_frame(phrase)
        await made.ear.until(TTSAudioRawFrame)
        await made.worker.queue_frame(InterruptionFrame())
    assert made.ear.words == ORDER.split()


@in_virtual_time
async def test_the_next_call_does_not_wait_for_what_failed_in_the_last():
    healths = [health(), health()]
    async with call(StreamingVoice(HANGS), StreamingVoice(FINE, 1), healths=healths) as made:
        await made.say(ORDER)
    assert len(made.incidents) == 1
    lead = StreamingVoice(HANGS)
    async with call(lead, StreamingVoice(FINE, 1), healths=healths) as made:
        await made.say(THANKS)
    assert made.incidents == []
    assert lead.asked == []
    assert made.ear.words == THANKS.split()


@in_virtual_time
async def test_a_provider_that_is_back_is_tried_unheard_and_then_leads_again():
    lead, backup = StreamingVoice(HANGS), StreamingVoice(FINE, 1)
    async with call(lead, backup) as made:
        await made.say(ORDER)
        await made.ear.until(LLMFullResponseEndFrame)
        lead.manner = FINE
        await asyncio.sleep(10)
        await made.say(THANKS)
        await made.ear.until(LLMFullResponseEndFrame, 2)
        assert made.ear.heard[-1] == ("patiently.", 1)
        assert lead.asked[-1] == THANKS
        await asyncio.sleep(10)
        await made.say(ORDER)
    said = f"{ORDER} {THANKS}".split()
    assert made.ear.heard == [
        *((word, 1) for word in said),
        *((word, 0) for word in ORDER.split()),
    ]
    assert len(made.incidents) == 1


@in_virtual_time
async def test_metrics_are_those_of_who_is_heard():
    lead, backup = StreamingVoice(HANGS), StreamingVoice(FINE, 1)
    async with call(lead, backup) as made:
        await made.say(ORDER)
        await made.ear.until(LLMFullResponseEndFrame)
        lead.manner = FINE
        made.ear.frames.clear()
        await asyncio.sleep(10)
        await made.say(THANKS)
        await made.ear.until(LLMFullResponseEndFrame)
        assert lead.said
    data = [data for frame in made.ear.of(MetricsFrame) for data in frame.data]
    measured = {item.processor for item in data if isinstance(item, TTFBMetricsData)}
    assert measured == {backup.name}


@in_virtual_time
async def test_a_language_is_changed_for_all_and_a_voice_for_the_lead():
    lead, backup = StreamingVoice(FINE), StreamingVoice(FINE, 1)
    async with call(lead, backup) as made:
        for delta in (TTSSettings(voice="berta"), TTSSettings(language="de")):
            await made.worker.queue_frame(TTSUpdateSettingsFrame(delta=delta))
        await made.say(THANKS)
    assert (lead.settings_now.voice, lead.settings_now.language) == ("berta", "de")
    assert (backup.settings_now.voice, backup.settings_now.language) == ("anna", "de")


@in_virtual_time
async def test_a_voice_that_is_meant_for_all_is_changed_for_all():
    lead, backup = StreamingVoice(FINE), StreamingVoice(FINE, 1)
    async with call(lead, backup) as made:
        await made.worker.queue_frame(
            TTSUpdateSettingsFrame(delta=TTSSettings(voice="carl"), reach_inactive_services=True)
        )
        await made.say(THANKS)
    assert (lead.settings_now.voice, backup.settings_now.voice) == ("carl", "carl")


@in_virtual_time
async def test_words_are_due_when_they_are_heard_before_and_after_the_change():
    async with call(StreamingVoice(Manner(words=4)), StreamingVoice(FINE, 1)) as made:
        await made.say(ORDER)
    due_s = [frame.pts / 1e9 for frame in made.ear.of(TTSTextFrame)]
    assert due_s == sorted(due_s)
    gap_s = due_s[4] - due_s[3]
    assert gap_s == max(later - at for at, later in pairwise(due_s))


@pytest.mark.parametrize("said", [0, 4])
async def test_the_built_in_voice_finishes_what_another_began(said: int):
    async with call(StreamingVoice(Manner(words=said)), EspeakTTSService()) as made:
        await made.say(ORDER)
    assert made.ear.told == ORDER.split()
    assert made.ear.remembered == ORDER
    # The transport takes no change of the rate.
    assert {frame.sample_rate for frame in made.ear.of(TTSAudioRawFrame)} == {RATE_HZ}
    assert len(made.incidents) == 1


@in_virtual_time
async def test_hanging_up_says_nothing_about_who_was_speaking_or_tried_again():
    healths = [health(), health()]
    lead, backup = StreamingVoice(HANGS), StreamingVoice(Manner(words=20), 1)
    async with call(lead, backup, healths=healths, ends=False) as made:
        await made.say(ORDER)
        await made.ear.until(LLMFullResponseEndFrame)
        await asyncio.sleep(10)
        await made.say(THANKS)
        await made.ear.until(TTSAudioRawFrame, 30)
        assert not healths[0].may_probe(), "somebody is trying it"
        await made.worker.cancel()
    assert len(made.incidents) == 1
    assert not healths[1].open
    assert healths[0].may_probe()


@in_virtual_time
async def test_a_caller_who_speaks_before_the_deadline_has_caught_nobody_failing():
    lead = StreamingVoice(HANGS)
    async with call(lead, StreamingVoice(FINE, 1)) as made:
        await made.say(ORDER)
        await lead.was_asked.wait()
        await asyncio.sleep(2 * FIRST_AUDIO_S)
        await made.worker.queue_frame(InterruptionFrame())
        await made.ear.until(InterruptionFrame)
        lead.manner = FINE
        await made.say(THANKS)
    assert made.ear.heard == [(word, 0) for word in THANKS.split()]
    assert made.incidents == []


@in_virtual_time
async def test_words_of_a_second_phrase_are_due_after_the_first_has_been_played():
    async with call(StreamingVoice(FINE)) as made:
        await made.worker.queue_frames([TTSSpeakFrame(ORDER), TTSSpeakFrame(THANKS)])
    due_s = [frame.pts / 1e9 for frame in made.ear.of(TTSTextFrame)]
    first_plays_s = sum(letters_in(word) for word in ORDER.split()) / USUAL_PACE
    assert due_s[len(ORDER.split())] - due_s[0] == pytest.approx(first_plays_s, abs=0.01)
