"""What becomes of a sound that may hold no word, or was heard by nobody but the last of all."""

import threading

import numpy as np
import pytest
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    InputAudioRawFrame,
    UserStartedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from services.embedded.sphinx import Ear
from services.embedded.stt import PocketsphinxSTTService
from services.failover.incident import Failure
from services.failover.stt.caller_audio import CallerAudio
from tests.services.failover.scripted_stt import DEAF, Script, ScriptedSegments
from tests.services.failover.stt_call import ENOUGH_S, Provider, calling, first, health
from tests.services.test_embedded_stt import LINES, utterance
from tests.virtual_time import in_virtual_time

MISHEARS = Script(mishears="it")


def embedded(script: Script = MISHEARS) -> Provider:
    return "embedded", ScriptedSegments(script), health()


@in_virtual_time
async def test_click_that_the_embedded_recogniser_makes_a_word_of_is_no_word() -> None:
    one = health()
    async with calling(first(its_health=one), embedded()) as call:
        await call.caller.coughs(lasts_s=0.3)
        await call.caller.is_silent(ENOUGH_S)
        assert call.texts == []
        assert call.incidents == []
        assert not one.open


@in_virtual_time
async def test_murmur_that_the_embedded_recogniser_makes_a_word_of_is_no_word() -> None:
    one = health()
    async with calling(first(DEAF, one), embedded(Script())) as call:
        await call.caller.sounds([100], 0.8)
        await call.caller.is_silent(ENOUGH_S)
        assert call.texts == []
        assert call.incidents == []
        assert not one.open


@in_virtual_time
async def test_embedded_recogniser_is_believed_when_the_first_is_known_to_have_failed() -> None:
    dying = Script(dies_with_frame=25, error=True)
    async with calling(first(dying), embedded()) as call:
        await call.caller.coughs(lasts_s=0.3)
        await call.caller.is_silent(ENOUGH_S)
        assert call.texts == ["it"]
        assert call.failures == [("first", Failure.REFUSED, "embedded")]


@in_virtual_time
async def test_echo_that_the_embedded_recogniser_makes_words_of_speaks_against_nobody() -> None:
    one = health()
    async with calling(first(its_health=one), embedded()) as call:
        await call.rig.up(BotStartedSpeakingFrame())
        for _ in range(3):
            await call.caller.coughs(lasts_s=2.0)
            await call.caller.is_silent(ENOUGH_S)
        assert call.texts == []
        assert call.incidents == []
        assert call.errors == []
        assert not one.open


@in_virtual_time
async def test_echo_that_nobody_believed_is_not_believed_once_the_caller_is_heard() -> None:
    one = health()
    async with calling(first(its_health=one), embedded()) as call:
        await call.rig.up(BotStartedSpeakingFrame())
        await call.caller.coughs(lasts_s=2.0)
        await call.caller.is_silent(ENOUGH_S)
        await call.rig.up(BotStoppedSpeakingFrame())
        # The detector is late: the first words come before it hears the voice.
        await call.caller.says_unnoticed("where is my order")
        await call.caller.is_silent(ENOUGH_S)
        assert "it" not in call.texts
        assert call.incidents == []
        assert not one.open


@in_virtual_time
async def test_echo_that_nobody_believed_is_not_believed_once_the_caller_has_the_floor() -> None:
    async with calling(first(), embedded()) as call:
        await call.rig.up(BotStartedSpeakingFrame())
        await call.caller.coughs(lasts_s=2.0)
        await call.caller.is_silent(ENOUGH_S)
        await call.rig.up(BotStoppedSpeakingFrame())
        await call.rig.up(UserStartedSpeakingFrame())
        await call.says("where is my order")
        assert call.texts == ["where is my order"]
        assert call.incidents == []


@in_virtual_time
async def test_voice_that_was_given_the_floor_has_its_words_from_the_embedded_recogniser() -> None:
    async with calling(first(DEAF), embedded()) as call:
        await call.rig.up(BotStartedSpeakingFrame())
        await call.caller.coughs(lasts_s=1.2)
        await call.rig.up(UserStartedSpeakingFrame())
        await call.caller.is_silent(ENOUGH_S)
        assert call.texts == ["it"]
        assert call.failures == [("first", Failure.SILENT, "embedded")]


@in_virtual_time
async def test_first_that_misses_a_sentence_is_found_out_by_the_embedded_one() -> None:
    async with calling(first(DEAF), embedded()) as call:
        await call.says("where is my order")
        assert call.texts == ["where is my order"]
        assert call.failures == [("first", Failure.SILENT, "embedded")]


@in_virtual_time
async def test_sound_too_short_for_a_word_has_nobody_asked() -> None:
    backup = ScriptedSegments(MISHEARS)
    async with calling(first(), ("second", backup, health())) as call:
        await call.caller.coughs(lasts_s=0.22)
        await call.caller.is_silent(ENOUGH_S)
        assert backup.uploads == 0


@in_virtual_time
async def test_twice_a_sentence_that_nobody_hears_is_reported_up_the_line() -> None:
    async with calling(first(DEAF), ("second", ScriptedSegments(DEAF), health())) as call:
        await call.says("where is my order")
        assert not call.errors
        await call.says("where is my order")
        assert len(call.errors) == 1


@pytest.fixture
def ear() -> Ear:
    return Ear.shared(LINES)


@in_virtual_time
async def test_embedded_recogniser_hears_the_utterance_that_the_first_one_lost(ear: Ear) -> None:
    last = ("embedded", PocketsphinxSTTService(sample_lines=LINES), health(5000))
    async with calling(first(DEAF), last) as call:
        for frame in utterance("where is my order"):
            if isinstance(frame, InputAudioRawFrame):
                await call.rig.down(frame)
            else:
                await call.rig.up(frame)
        await call.caller.is_silent(3)
        assert call.texts == ["where is my order"]
        assert call.failures == [("first", Failure.SILENT, "embedded")]
    assert not [thread for thread in threading.enumerate() if thread.name == "embedded-ear"]


def heard(*levels: int) -> list[InputAudioRawFrame]:
    return [
        InputAudioRawFrame(np.full(1600, level, np.int16).tobytes(), 16_000, 1) for level in levels
    ]


def test_audio_is_kept_for_so_long_and_no_longer() -> None:
    audio = CallerAudio(keep_s=0.3)
    frames = heard(1, 2, 3, 4)
    for frame in frames:
        audio.add(frame)
    assert audio.since(0) == frames[1:]
    assert audio.since(3) == frames[3:]
    assert audio.since(audio.end) == []
    assert audio.heard_s == pytest.approx(0.4)


def test_lead_in_reaches_back_in_time_but_not_into_what_was_said_before() -> None:
    audio = CallerAudio()
    early, late = heard(1, 2, 3), heard(4, 5, 6)
    stop = VADUserStoppedSpeakingFrame(stop_secs=0.2)
    for frame in (VADUserStartedSpeakingFrame(), *early, stop, *late):
        audio.add(frame)
    assert audio.since(audio.back(0.2)) == late[1:]
    assert audio.since(audio.back(5.0)) == late


def test_loudest_sound_is_told_from_silence() -> None:
    audio = CallerAudio()
    for frame in heard(3277, 0, 0):
        audio.add(frame)
    assert audio.loudest_dbfs(0) == pytest.approx(-20, abs=0.1)
    assert audio.loudest_dbfs(1) == float("-inf")
