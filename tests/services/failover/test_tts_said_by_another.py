import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipecat.frames.frames import (
    DataFrame,
    ErrorFrame,
    LLMFullResponseEndFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)

from services.failover.incident import Failure
from services.failover.tts.sound import USUAL_PACE, letters_in
from tests.services.failover.tts_fakes import (
    DEADLINE_MS,
    FINE,
    HANGS,
    RATE_HZ,
    FakeVoice,
    Manner,
    RequestVoice,
    StreamingVoice,
    call,
    reply,
)
from tests.virtual_time import in_virtual_time

ORDER = "Your parcel with the two lamps left our house on Monday."
THANKS = "Thank you for waiting so patiently."


@dataclass
class Note(DataFrame):
    """Something that is not speech and must keep its place in it."""


@in_virtual_time
async def test_a_provider_in_health_says_everything_alone():
    lead, backup = StreamingVoice(FINE, 0), StreamingVoice(FINE, 1)
    async with call(lead, backup) as made:
        await made.say(ORDER, THANKS)
    assert made.ear.words == made.ear.told == [*ORDER.split(), *THANKS.split()]
    assert made.ear.remembered == f"{ORDER} {THANKS}"
    assert made.incidents == []
    assert backup.asked == []


class Chinese(StreamingVoice):
    """Speaks as many characters a second as people do."""

    async def words(self, text: str) -> AsyncIterator[tuple[str, bytes]]:
        yield text, np.full(round(RATE_HZ * len(text) / 4.5), 1000, dtype=np.int16).tobytes()


@in_virtual_time
async def test_speech_in_a_script_without_spaces_is_no_nonsense():
    sent = "您的订单已经在星期一从我们的仓库发出，预计星期五到达。"
    late = "如果您在星期五晚上之前还没有收到包裹，请您再打电话给我们，我们会马上为您查询。"
    lead, backup = Chinese(FINE), Chinese(FINE, 1)
    async with call(lead, backup) as made:
        await made.say(sent, late)
    assert made.incidents == []
    assert made.ear.remembered == f"{sent} {late}"
    assert backup.asked == []


@in_virtual_time
async def test_a_provider_that_never_connects_costs_one_deadline():
    async with call(StreamingVoice(Manner(connects=False)), StreamingVoice(FINE, 1)) as made:
        await made.say(ORDER)
    assert made.ear.heard == [(word, 1) for word in ORDER.split()]
    assert made.ear.remembered == ORDER
    (incident,) = made.incidents
    assert (incident.provider, incident.how, incident.went_to) == ("a", Failure.SILENT, "b")
    assert incident.cost_ms == pytest.approx(1000)


@in_virtual_time
async def test_a_provider_that_hangs_after_the_text_is_replaced():
    for kind in (StreamingVoice, RequestVoice):
        async with call(kind(HANGS), kind(FINE, 1)) as made:
            await made.say(ORDER, THANKS)
        assert made.ear.heard == [(word, 1) for word in (ORDER + " " + THANKS).split()]
        assert made.ear.remembered == f"{ORDER} {THANKS}"


@in_virtual_time
async def test_silence_for_audio_is_no_audio():
    async with call(StreamingVoice(Manner(sound=False)), StreamingVoice(FINE, 1)) as made:
        await made.say(ORDER)
    assert made.ear.heard == [(word, 1) for word in ORDER.split()]
    assert made.ear.remembered == ORDER
    assert [incident.how for incident in made.incidents] == [Failure.EMPTY]


@pytest.mark.parametrize("kind", [StreamingVoice, RequestVoice])
def test_a_success_without_audio_is_found_out_before_the_deadline(kind: type[FakeVoice]):
    @in_virtual_time
    async def story() -> None:
        async with call(kind(Manner(words=0, then="end")), kind(FINE, 1)) as made:
            await made.say(ORDER)
        assert made.ear.heard == [(word, 1) for word in ORDER.split()]
        assert made.ear.remembered == ORDER
        (incident,) = made.incidents
        assert incident.how is Failure.EMPTY
        assert incident.cost_ms < DEADLINE_MS / 2

    story()


@pytest.mark.parametrize("kind", [StreamingVoice, RequestVoice])
def test_an_error_is_not_waited_upon(kind: type[FakeVoice]):
    @in_virtual_time
    async def story() -> None:
        async with call(kind(Manner(words=0, then="error")), kind(FINE, 1)) as made:
            await made.say(ORDER)
        assert made.ear.heard == [(word, 1) for word in ORDER.split()]
        (incident,) = made.incidents
        assert incident.how is Failure.REFUSED
        assert incident.cost_ms < DEADLINE_MS / 2
        assert made.mouth.of(ErrorFrame) == []

    story()


@given(
    said=st.integers(0, 17),
    dies=st.sampled_from(
        [
            (StreamingVoice, "hang"),
            (StreamingVoice, "error"),
            (StreamingVoice, "end"),
            (RequestVoice, "hang"),
            (RequestVoice, "error"),
        ]
    ),
    backup=st.sampled_from([StreamingVoice, RequestVoice]),
    cut=st.integers(1, 16),
)
@settings(max_examples=25, deadline=None)
def test_whenever_a_provider_dies_every_word_is_said_once_and_remembered_once(
    said: int, dies: tuple[type[FakeVoice], str], backup: type[FakeVoice], cut: int
):
    lead, then = dies
    words = f"{ORDER} {THANKS}".split()
    first = " ".join(words[:cut]).rstrip(".") + "."
    second = " ".join(words[cut:])

    @in_virtual_time
    async def story() -> None:
        async with call(lead(Manner(words=said, then=then)), backup(FINE, 1)) as made:
            await made.say(first, second)
        text = f"{first} {second}".split()
        assert made.ear.words == text
        assert made.ear.remembered.split() == text
        voices = [voice for _, voice in made.ear.heard]
        assert voices == sorted(voices)
        frames = (TTSStartedFrame, TTSAudioRawFrame, TTSStoppedFrame, LLMFullResponseEndFrame)
        assert made.ear.order(*frames) == list(frames)

    story()


@given(
    said=st.one_of(st.none(), st.integers(0, 16)),
    pause_s=st.sampled_from([0.3, 2.0, 5.0]),
    lead=st.sampled_from([StreamingVoice, RequestVoice]),
    backup=st.sampled_from([StreamingVoice, RequestVoice]),
)
@settings(max_examples=20, deadline=None)
def test_a_model_that_pauses_is_no_provider_that_fails(
    said: int | None, pause_s: float, lead: type[FakeVoice], backup: type[FakeVoice]
):
    @in_virtual_time
    async def story() -> None:
        async with call(lead(Manner(words=said)), backup(FINE, 1)) as made:
            begin, *middle, end = reply(*(f"{word} " for word in f"{ORDER} {THANKS}".split()))
            for frame in (begin, *middle, end):
                await made.worker.queue_frame(frame)
                slow = getattr(frame, "text", "").strip() in ("Monday.", "Thank")
                await asyncio.sleep(pause_s if slow else 0.03)
        text = f"{ORDER} {THANKS}".split()
        assert made.ear.words == text
        assert made.ear.remembered.split() == text
        assert len(made.incidents) == (said is not None and said < len(text))
        assert len(made.ear.of(TTSStoppedFrame)) == 1

    story()


@in_virtual_time
async def test_the_second_to_fail_is_followed_by_a_third():
    voices = StreamingVoice(Manner(words=3)), RequestVoice(Manner(words=4, then="error"), 1)
    async with call(*voices, StreamingVoice(FINE, 2)) as made:
        await made.say(ORDER)
    assert made.ear.words == ORDER.split()
    assert [voice for _, voice in made.ear.heard] == [0] * 3 + [1] * 4 + [2] * 4
    assert made.ear.remembered == ORDER
    assert [(i.how, i.went_to) for i in made.incidents] == [
        (Failure.STALLED, "b"),
        (Failure.REFUSED, "c"),
    ]


@in_virtual_time
async def test_a_text_that_nobody_can_say_is_given_up_and_the_call_goes_on():
    voices = [StreamingVoice(HANGS), RequestVoice(Manner(words=2, then="error"), 1)]
    async with call(*voices) as made:
        await made.worker.queue_frames([*reply(ORDER), Note()])
        await made.ear.until(Note)
        assert made.ear.remembered == "Your parcel"
        assert made.ear.of(LLMFullResponseEndFrame)
        assert made.mouth.of(ErrorFrame)
        assert [i.went_to for i in made.incidents] == ["b", "a", ""]
        for voice in voices:
            voice.manner = FINE
        await made.say(THANKS)
    assert made.ear.words == ["Your", "parcel", *THANKS.split()]
    assert made.ear.remembered == f"Your parcel {THANKS}"


@in_virtual_time
async def test_less_audio_than_a_text_can_need_is_no_success():
    async with call(RequestVoice(Manner(words=3, then="end")), StreamingVoice(FINE, 1)) as made:
        await made.say(ORDER)
    assert made.ear.words == ORDER.split()
    assert made.ear.remembered == ORDER
    assert [i.how for i in made.incidents] == [Failure.CUT]


@in_virtual_time
async def test_a_voice_that_is_known_is_caught_sooner_when_it_is_cut():
    lead = RequestVoice()
    async with call(lead, StreamingVoice(FINE, 1)) as made:
        await made.say(ORDER, THANKS)
        await made.ear.until(LLMFullResponseEndFrame)
        lead.manner = Manner(words=lead.said + 5, then="end")
        await made.say(ORDER)
    assert made.ear.words == f"{ORDER} {THANKS} {ORDER}".split()
    assert [i.how for i in made.incidents] == [Failure.CUT]


@in_virtual_time
async def test_a_stall_costs_no_more_than_the_audio_that_was_there_already():
    async with call(StreamingVoice(Manner(words=4)), StreamingVoice(FINE, 1)) as made:
        await made.say(ORDER)
    (incident,) = made.incidents
    assert incident.how is Failure.STALLED
    said_s = sum(letters_in(word) for word in ORDER.split()[:4]) / USUAL_PACE
    assert incident.cost_ms < (said_s + 0.5) * 1000


@pytest.mark.parametrize("claims_hz", [RATE_HZ // 2, RATE_HZ * 2])
def test_audio_at_another_rate_than_it_claims_is_nonsense(claims_hz: int):
    @in_virtual_time
    async def story() -> None:
        lead = StreamingVoice(Manner(claims_hz=claims_hz))
        async with call(lead, StreamingVoice(FINE, 1)) as made:
            await made.say(f"{ORDER} {THANKS}")
        assert [i.how for i in made.incidents] == [Failure.NONSENSE]
        assert made.ear.remembered == f"{ORDER} {THANKS}"

    story()
