import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    MetricsFrame,
    OutputAudioRawFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    TTSUpdateSettingsFrame,
)
from pipecat.metrics.metrics import TTFBMetricsData, TTSUsageMetricsData
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import TTSSettings
from pipecat.tests.utils import run_test
from pipecat.transcriptions.language import Language
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.utils.text.transforms import VoiceFormatter
from pipecat.workers.runner import WorkerRunner

from services.embedded import tts as tts_module
from services.embedded.espeak import (
    SAMPLE_RATE_HZ,
    Chunk,
    EspeakError,
    VoiceSpec,
    speak,
    stream,
    synthesise,
)
from services.embedded.espeak_digits import Spelling
from services.embedded.tts import EspeakTTSService
from tests.virtual_time import VirtualClock, in_virtual_time

ORDER = "Your order 4729 was shipped on Monday, November 23rd at 9:30."
REFUSED = "espeak-ng refused a text (status 2)."
TALE = ("This is a sentence about nothing much, and it goes on for a while. " * 150)[:10_000]


def turn(*sentences: str) -> list[Frame]:
    return [
        LLMFullResponseStartFrame(),
        *(LLMTextFrame(sentence) for sentence in sentences),
        LLMFullResponseEndFrame(),
    ]


async def spoken(*frames: Frame, tts: EspeakTTSService | None = None) -> list[Frame]:
    down, up = await run_test(tts or EspeakTTSService(), frames_to_send=frames)
    return [*down, *(frame for frame in up if isinstance(frame, ErrorFrame))]


async def spoken_at_once(*frames: Frame) -> list[Frame]:
    """What is spoken of frames; fails, in virtual time, if a turn is kept open for more."""
    loop, kept_open_s = asyncio.get_running_loop(), 3600
    begun_s = loop.time()
    passed = await spoken(*frames, tts=EspeakTTSService(stop_frame_timeout_s=kept_open_s))
    assert loop.time() - begun_s < kept_open_s, "the turn was kept open for more"
    return passed


@contextmanager
def failing_at(sentence: str) -> Iterator[None]:
    """An engine that refuses one sentence."""

    async def broken(text: str, spec: VoiceSpec) -> AsyncGenerator[Chunk, None]:
        if text == sentence:
            raise EspeakError(REFUSED)
        async with aclosing(stream(text, spec)) as chunks:
            async for chunk in chunks:
                yield chunk

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tts_module, "stream", broken)
        yield


F = TypeVar("F", bound=Frame)


def of(kind: type[F], frames: list[Frame]) -> list[F]:
    return [frame for frame in frames if isinstance(frame, kind)]


def texts(frames: list[Frame]) -> list[str]:
    return [frame.text for frame in of(TTSTextFrame, frames)]


def remembered(frames: list[Frame]) -> str:
    return " ".join(f.raw_text or f.text for f in of(TTSTextFrame, frames) if f.append_to_context)


class Loudspeaker(BaseOutputTransport):
    """Plays at the pace of speech, and keeps how much was out when each frame came by."""

    def __init__(self) -> None:
        super().__init__(
            TransportParams(audio_out_enabled=True, audio_out_sample_rate=SAMPLE_RATE_HZ)
        )
        self.played_s = 0.0
        self.passed: list[tuple[Frame, float]] = []
        self._changed = asyncio.Condition()

    async def start(self, frame: Frame) -> None:
        await super().start(frame)  # type: ignore[arg-type]
        await self.set_transport_ready(frame)  # type: ignore[arg-type]

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        duration_s = frame.num_frames / frame.sample_rate
        if any(frame.audio):
            self.played_s += duration_s
        await asyncio.sleep(duration_s)
        return True

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        await super().push_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM:
            async with self._changed:
                self.passed.append((frame, self.played_s))
                self._changed.notify_all()

    async def until(self, come: Callable[[Frame], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: any(come(frame) for frame, _ in self.passed))

    def words(self) -> list[tuple[str, float]]:
        return [(f.text, played) for f, played in self.passed if isinstance(f, TTSTextFrame)]


def is_word(text: str) -> Callable[[Frame], bool]:
    return lambda frame: isinstance(frame, TTSTextFrame) and frame.text == text


def is_a(kind: type[Frame]) -> Callable[[Frame], bool]:
    return lambda frame: isinstance(frame, kind)


@asynccontextmanager
async def call() -> AsyncIterator[tuple[PipelineWorker, Loudspeaker]]:
    speaker = Loudspeaker()
    worker = PipelineWorker(
        Pipeline([EspeakTTSService(), speaker]),
        cancel_on_idle_timeout=False,
        clock=VirtualClock(),
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(1000):
            yield worker, speaker
            await worker.queue_frame(EndFrame())
            await running
    finally:
        running.cancel()


def starts_s(text: str) -> list[float]:
    return [word.start_ms / 1000 for chunk in synthesise(text) for word in chunk.words]


def duration_s(text: str) -> float:
    return len(speak(text)) / 2 / SAMPLE_RATE_HZ


async def test_a_turn_of_several_sentences_is_one_stretch_of_speech():
    frames = await spoken(*turn("Hello there. ", "How are ", "you today? ", "I am fine."))
    order = [type(f) for f in frames]
    assert order.count(TTSStartedFrame) == order.count(TTSStoppedFrame) == 1
    assert order.index(TTSStartedFrame) < order.index(TTSAudioRawFrame)
    last_sound = len(order) - 1 - order[::-1].index(TTSAudioRawFrame)
    assert last_sound < order.index(TTSStoppedFrame) < order.index(LLMFullResponseEndFrame)
    assert len({f.context_id for f in of(TTSAudioRawFrame, frames)}) == 1
    assert {f.sample_rate for f in of(TTSAudioRawFrame, frames)} == {SAMPLE_RATE_HZ}
    assert texts(frames) == "Hello there. How are you today? I am fine.".split()


async def test_the_first_sound_goes_out_before_the_sentence_is_done():
    frames = await spoken(TTSSpeakFrame(ORDER))
    first = of(TTSAudioRawFrame, frames)[0]
    assert frames.index(first) < frames.index(of(TTSTextFrame, frames)[0])
    assert first.num_frames <= SAMPLE_RATE_HZ * 0.040


async def test_words_are_due_in_the_order_and_at_the_distance_they_are_spoken():
    frames = await spoken(*turn(ORDER))
    due_s = [f.pts / 1e9 for f in of(TTSTextFrame, frames) if f.pts]
    assert [at - due_s[0] for at in due_s] == pytest.approx(starts_s(ORDER), abs=0.03)


@pytest.mark.parametrize(
    "reply",
    [
        ORDER,
        "It's $5.00 (five dollars), of the kind: a@b.com!?",
        "You pay 50% of 1,234.56 -- ok?",
        "Hello — world… 👍 ok & fine - really 🎉!",
        "Smörgåsbord, naïve café, мир and 你好.",
    ],
)
async def test_the_context_holds_the_reply_as_it_was_written(reply: str):
    assert remembered(await spoken(*turn(reply))) == reply


async def test_what_is_rewritten_for_the_ear_stays_as_written_in_the_context():
    tts = EspeakTTSService(text_transforms=[("*", VoiceFormatter(strip_markdown=False))])
    frames = await spoken(*turn("That is $42.50 in total."), tts=tts)
    assert remembered(frames) == "That is $42.50 in total."
    assert "dollars" in texts(frames)


@pytest.mark.parametrize("text", [" ", "...", "?!", "👍", "🎉 — 🎉"])
async def test_a_reply_without_a_sound_is_no_speech_and_no_failure(text: str):
    frames = await spoken(*turn(text) * 4, TTSSpeakFrame(text), TTSSpeakFrame("Still here."))
    assert of(ErrorFrame, frames) == []
    assert len(of(TTSStartedFrame, frames)) == 1
    assert texts(frames) == ["Still", "here."]


@in_virtual_time
async def test_a_turn_that_ends_without_a_sound_still_ends_at_once():
    frames = await spoken_at_once(*turn("All done. ", "Bye now. ", "👍"))
    assert len(of(TTSStoppedFrame, frames)) == 1


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("47291", "4 7 2 9 1"),
        ("Order #47291, please.", "Order #4 7 2 9 1, please."),
        ("Call +15551234567 or 555-0199.", "Call +1 5 5 5 1 2 3 4 5 6 7 or 555-0 1 9 9."),
        ("Ticket AB12345 (007)", "Ticket AB 1 2 3 4 5 (0 0 7)"),
    ],
)
def test_a_long_number_is_read_digit_by_digit(written: str, said: str):
    assert Spelling(written).spoken == said


@pytest.mark.parametrize(
    "text",
    [
        "On 2026-01-05, at 09:05, in 1998",
        "$12500, £ 12500, 12500 €, 12,500.50 or 12500.50",
        "1.12345 and 0.125, 50000% of 20000°",
        "the 10000th of 1234, at 1:00000",
    ],
)
def test_amounts_times_and_dates_are_read_as_they_are(text: str):
    assert Spelling(text).spoken == text


@given(st.text(st.sampled_from("0123456789 $.,:aé\u2028-—👍\n"), max_size=40))
def test_every_word_of_a_spelled_text_is_found_as_it_was_written(text: str):
    spelling = Spelling(text)
    found = [spelling.written(word) for word in spelling.spoken.split()]
    assert [word for word in found if word] == text.split()


async def test_an_order_number_is_heard_in_digits_and_shown_as_one_word():
    reply = "Your order A47291, number 0042, left at 9:30."
    frames = await spoken(*turn(reply))
    assert texts(frames) == reply.split()
    assert remembered(frames) == reply
    said = "Your order A 4 7 2 9 1, number 0 0 4 2, left at 9:30."
    played_s = sum(f.num_frames for f in of(TTSAudioRawFrame, frames)) / SAMPLE_RATE_HZ
    assert played_s == pytest.approx(duration_s(said), rel=0.02)
    due = {f.text: (f.pts or 0) / 1e9 for f in of(TTSTextFrame, frames)}
    begins = {word.text: word.start_ms / 1000 for c in synthesise(said) for word in c.words}
    assert due["left"] - due["A47291,"] == pytest.approx(begins["left"] - begins["A"], abs=0.03)


@in_virtual_time
async def test_words_come_up_as_they_are_played():
    async with call() as (worker, speaker):
        await worker.queue_frames(turn(ORDER))
        await speaker.until(is_a(LLMFullResponseEndFrame))
    assert [word for word, _ in speaker.words()] == ORDER.split()
    assert [at for _, at in speaker.words()] == pytest.approx(starts_s(ORDER), abs=0.1)


@in_virtual_time
async def test_a_sentence_that_was_written_late_has_its_words_when_it_is_heard():
    first, second = "Let me see.", "Your parcel left on Monday."
    async with call() as (worker, speaker):
        await worker.queue_frames([LLMFullResponseStartFrame(), LLMTextFrame(first + " Your ")])
        await speaker.until(is_word("see."))
        await asyncio.sleep(2)
        await worker.queue_frames(
            [LLMTextFrame("parcel left on Monday."), LLMFullResponseEndFrame()]
        )
        await speaker.until(is_word("Monday."))
    due_s = [duration_s(first) + at for at in starts_s(second)]
    assert [at for _, at in speaker.words()][3:] == pytest.approx(due_s, abs=0.15)


@in_virtual_time
async def test_a_second_announcement_has_its_words_after_the_first_is_over():
    first, second = "Please hold the line a moment longer.", "Thank you for waiting."
    async with call() as (worker, speaker):
        await worker.queue_frames([TTSSpeakFrame(first), TTSSpeakFrame(second)])
        await speaker.until(is_word("waiting."))
    heard = [at for word, at in speaker.words() if word in second.split()]
    due_s = [duration_s(first) + at for at in starts_s(second)]
    assert heard == pytest.approx(due_s, abs=0.15)


@in_virtual_time
async def test_barge_in_cuts_the_sentence_and_no_later_word_is_reported():
    async with call() as (worker, speaker):
        await worker.queue_frames(turn(TALE))
        await speaker.until(is_word("goes"))
        await worker.queue_frame(InterruptionFrame())
        await speaker.until(is_a(InterruptionFrame))
        cut_s = speaker.played_s
        await asyncio.sleep(20)
        said = [word for word, _ in speaker.words()]
        assert said == TALE.split()[: len(said)]
        assert len(said) < 15
        assert speaker.played_s <= cut_s + 0.05
        await worker.queue_frame(TTSSpeakFrame("What can I do for you?"))
        await speaker.until(is_word("you?"))
    answer = "What can I do for you?"
    after = speaker.words()[len(said) :]
    assert [word for word, _ in after] == answer.split()
    assert [at - cut_s for _, at in after] == pytest.approx(starts_s(answer), abs=0.15)


@in_virtual_time
async def test_barge_in_while_a_long_text_is_being_made_stops_the_engine():
    made: list[Chunk] = []
    closed = asyncio.Event()

    async def counted(text: str, spec: VoiceSpec) -> AsyncGenerator[Chunk, None]:
        try:
            async with aclosing(stream(text, spec)) as chunks:
                async for chunk in chunks:
                    made.append(chunk)
                    yield chunk
        finally:
            closed.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tts_module, "stream", counted)
        async with call() as (worker, speaker):
            await worker.queue_frame(TTSSpeakFrame(TALE))
            await speaker.until(is_word("This"))
            await worker.queue_frame(InterruptionFrame())
            await speaker.until(is_a(InterruptionFrame))
            await closed.wait()
    assert 0 < len(made) * 0.040 < 0.5 * len(TALE) / 15
    assert speaker.played_s < 1


@in_virtual_time
async def test_an_engine_that_fails_is_an_error_and_the_turn_ends_at_once():
    with failing_at("Hello there."):
        frames = await spoken_at_once(*turn("Hello there."))
    assert REFUSED in [f.error for f in of(ErrorFrame, frames)]
    assert len(of(TTSStoppedFrame, frames)) == 1


@in_virtual_time
async def test_an_engine_that_fails_in_mid_turn_takes_no_word_from_what_was_said():
    with failing_at("How are you?"):
        frames = await spoken_at_once(*turn("Hello there. ", "How are you?"))
    assert REFUSED in [f.error for f in of(ErrorFrame, frames)]
    assert texts(frames)[:2] == ["Hello", "there."]
    assert len(of(TTSStoppedFrame, frames)) == 1
    stopped, last_word = of(TTSStoppedFrame, frames)[0], of(TTSTextFrame, frames)[1]
    assert frames.index(stopped) > frames.index(last_word)
    assert (stopped.pts or 0) >= (last_word.pts or 0) > 0


@in_virtual_time
async def test_everything_queued_is_played_before_the_call_ends():
    async with call() as (worker, speaker):
        await worker.queue_frames([*turn(ORDER), TTSSpeakFrame("Goodbye.")])
    assert [word for word, _ in speaker.words()] == [*ORDER.split(), "Goodbye."]
    assert speaker.played_s == pytest.approx(duration_s(ORDER) + duration_s("Goodbye."), rel=0.02)


async def test_two_calls_at_once_keep_their_own_words_and_audio():
    lines = [ORDER, "No, we are closed on Sundays."]
    both = await asyncio.gather(*(spoken(TTSSpeakFrame(line)) for line in lines))
    for line, frames in zip(lines, both, strict=True):
        assert texts(frames) == line.split()
        played_s = sum(f.num_frames for f in of(TTSAudioRawFrame, frames)) / SAMPLE_RATE_HZ
        assert played_s == pytest.approx(duration_s(line), rel=0.02)


async def test_speed_of_answers_and_characters_are_counted():
    down, _ = await run_test(
        EspeakTTSService(),
        frames_to_send=turn("Hello there."),
        pipeline_params=PipelineParams(enable_metrics=True, enable_usage_metrics=True),
    )
    data = [entry for frame in of(MetricsFrame, [*down]) for entry in frame.data]
    assert [d.value for d in data if isinstance(d, TTSUsageMetricsData)] == [12]
    assert any(isinstance(d, TTFBMetricsData) and d.value > 0 for d in data)


async def test_a_new_voice_is_used_from_the_next_sentence_on():
    update = TTSUpdateSettingsFrame(delta=TTSSettings(voice="en-us+f2@300"))
    frames = await spoken(TTSSpeakFrame(ORDER), update, TTSSpeakFrame(ORDER))
    contexts = list(dict.fromkeys(f.context_id for f in of(TTSAudioRawFrame, frames)))
    slow, fast = (
        sum(f.num_frames for f in of(TTSAudioRawFrame, frames) if f.context_id == context)
        for context in contexts
    )
    assert fast < 0.7 * slow


async def test_an_unknown_voice_in_mid_call_is_an_error_and_changes_nothing():
    update = TTSUpdateSettingsFrame(delta=TTSSettings(voice="tlh"))
    frames = await spoken(update, TTSSpeakFrame("Hello."))
    assert "Available:" in of(ErrorFrame, frames)[0].error
    assert texts(frames) == ["Hello."]


async def test_a_new_language_keeps_the_timbre_and_the_pace():
    tts = EspeakTTSService(voice="en-us+f2@200")
    update = TTSUpdateSettingsFrame(delta=TTSSettings(language=Language.DE_AT))
    await spoken(update, TTSSpeakFrame("Hallo."), tts=tts)
    assert tts._settings.voice == str(VoiceSpec(voice="de", variant="f2", rate_wpm=200))


def test_an_unknown_voice_is_refused_when_the_call_is_set_up():
    with pytest.raises(ValueError, match=r'no variant "zz"\. Available: .*f2'):
        EspeakTTSService(voice="en-us+zz")


def test_a_language_espeak_does_not_have_is_refused_when_the_call_is_set_up():
    with pytest.raises(ValueError, match=r'no voice "tlh"\. Available: .*en-us'):
        EspeakTTSService(settings=TTSSettings(language="tlh"))


def test_another_sample_rate_is_refused():
    with pytest.raises(ValueError, match="22050 Hz"):
        EspeakTTSService(sample_rate=16000)
