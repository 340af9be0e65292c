"""The stages of a caller's turn, measured in a whole pipeline on a virtual clock."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    FunctionCallFromLLM,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    MetricsFrame,
    OutputAudioRawFrame,
    StartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.processors.frameworks.rtvi.frames import RTVIServerMessageFrame
from pipecat.services.llm_service import FunctionCallParams, LLMService
from pipecat.services.settings import LLMSettings, TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.user_start import TranscriptionUserTurnStartStrategy, VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from processors.dismissed import SoundDismissedFrame
from processors.filler_words import FillerWords
from processors.no_answer import APOLOGY, PROMPT
from processors.provider_failure import ProviderFailureMetricsData
from processors.silence_bound import SilenceBound
from processors.stage_latency import StageLatency
from processors.stages.report import FailedWait, StageMetricsData, Stages, ToolRun
from tests.processors.probed_pipeline import A_MOMENT_S, Rig, probed_pipeline
from tests.processors.silence_bound_call import BOUND_S, PHRASE_S, PHRASES
from tests.virtual_time import VirtualTimeLoop, in_virtual_time

SAMPLE_RATE_HZ = 16000
VAD_STOP_S = 0.2
TURN_TIMEOUT_S = 0.6
VOICE_S = 0.15
LEADING_SILENCE_S = 3 * 0.04
SPOKEN_S = 0.5
CHUNK_S = 0.04


class ScriptedModel(LLMService):
    """Plays one script a run: seconds to wait, text to say, or the name of a tool to call."""

    def __init__(self, *runs: list[float | str], tools: dict[str, float] | None = None) -> None:
        super().__init__(settings=LLMSettings(model="script"))
        self._runs = list(runs)
        for name, duration_s in (tools or {}).items():
            self.register_function(name, self._tool(duration_s))
        self._tools = tools or {}

    @staticmethod
    def _tool(duration_s: float) -> Any:
        async def run(params: FunctionCallParams) -> None:
            await asyncio.sleep(duration_s)
            await params.result_callback({"say": "done"})

        return run

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            await self._play(frame.context)
        else:
            await self.push_frame(frame, direction)

    async def _play(self, context: LLMContext) -> None:
        await self.push_frame(LLMFullResponseStartFrame())
        for step in self._runs.pop(0) if self._runs else []:
            if not isinstance(step, str):
                await asyncio.sleep(step)
            elif step in self._tools:
                call = FunctionCallFromLLM(
                    function_name=step, tool_call_id=step, arguments={}, context=context
                )
                await self.run_function_calls([call])
            else:
                await self.push_frame(LLMTextFrame(step))
        await self.push_frame(LLMFullResponseEndFrame())


class Voice(TTSService):
    """Half a second of tone after a little silence, whatever the text."""

    def __init__(self) -> None:
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            stop_frame_timeout_s=0.1,
            sample_rate=SAMPLE_RATE_HZ,
            settings=TTSSettings(model="tone", voice="a", language="en"),
        )

    def can_generate_metrics(self) -> bool:
        return False

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        await asyncio.sleep(VOICE_S)
        silence = b"\x00\x00" * int(LEADING_SILENCE_S * SAMPLE_RATE_HZ)
        tone = b"\x00\x20" * int(SPOKEN_S * SAMPLE_RATE_HZ)
        yield TTSAudioRawFrame(silence + tone, SAMPLE_RATE_HZ, 1, context_id=context_id)


class Loudspeaker(BaseOutputTransport):
    """A transport whose write returns once the audio was played."""

    def __init__(self) -> None:
        super().__init__(
            TransportParams(audio_out_enabled=True, audio_out_sample_rate=SAMPLE_RATE_HZ)
        )

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        await asyncio.sleep(len(frame.audio) / 2 / SAMPLE_RATE_HZ)
        return True


class Record:
    """Keeps the turns."""

    def __init__(self) -> None:
        self.turns: list[Stages] = []

    def turn(self, stages: Stages) -> None:
        self.turns.append(stages)


class Call:
    """A caller on a line to the bot."""

    def __init__(self, rig: Rig, record: Record) -> None:
        self.rig = rig
        self.record = record

    async def speaks(self) -> None:
        await self.rig.down(VADUserStartedSpeakingFrame())
        await asyncio.sleep(1)

    async def falls_silent(self) -> None:
        await asyncio.sleep(VAD_STOP_S)
        await self.rig.down(
            VADUserStoppedSpeakingFrame(
                stop_secs=VAD_STOP_S, timestamp=asyncio.get_running_loop().time()
            )
        )

    async def is_understood(self, text: str) -> None:
        await self.rig.down(TranscriptionFrame(text, "caller", ""))

    async def says(self, text: str) -> None:
        await self.speaks()
        await self.falls_silent()
        await asyncio.sleep(0.1)
        await self.is_understood(text)

    @property
    def turns(self) -> list[Stages]:
        return self.record.turns

    @property
    def messages(self) -> list[dict]:
        return [frame.data for frame in self.rig.reached_the_end(RTVIServerMessageFrame)]


@contextlib.asynccontextmanager
async def a_call(
    *runs: list[float | str],
    tools: dict[str, float] | None = None,
    bound: bool = False,
    **kwargs: Any,
) -> AsyncIterator[Call]:
    record = Record()
    turns = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(
            user_turn_strategies=UserTurnStrategies(
                start=[VADUserTurnStartStrategy(), TranscriptionUserTurnStartStrategy()],
                stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=TURN_TIMEOUT_S)],
            )
        ),
    )
    async with probed_pipeline(
        turns.user(),
        ScriptedModel(*runs, tools=tools),
        FillerWords(**kwargs),
        Voice(),
        StageLatency(record, now=asyncio.get_running_loop().time),
        *((SilenceBound(PHRASES),) if bound else ()),
        Loudspeaker(),
        turns.assistant(),
        params=PipelineParams(enable_metrics=True, send_initial_empty_metrics=False),
    ) as rig:
        yield Call(rig, record)


def about(ms: float) -> Any:
    """Frames travel in no time but the few virtual moments that tests leave between them."""
    return pytest.approx(ms, abs=10 * A_MOMENT_S * 1000)


TRANSCRIPT_MS = (VAD_STOP_S + 0.1) * 1000
# The strategy counts from the VAD's decision.
TURN_END_MS = (VAD_STOP_S + TURN_TIMEOUT_S) * 1000


@in_virtual_time
async def test_each_stage_counts_from_the_end_of_the_callers_speech() -> None:
    async with a_call([0.3, "It is ", 0.2, "on its way."]) as call:
        await call.says("where is my order")
        await asyncio.sleep(5)
        (stages,) = call.turns
    token_ms = TURN_END_MS + 300
    audio_ms = token_ms + 200 + VOICE_S * 1000
    assert stages == Stages(
        turn=1,
        said="where is my order",
        transcript_final_ms=about(TRANSCRIPT_MS),
        turn_end_ms=about(TURN_END_MS),
        first_token_ms=about(token_ms),
        first_speakable_text_ms=about(token_ms),
        first_audio_ms=about(audio_ms),
        first_audio_out_ms=about(audio_ms + (LEADING_SILENCE_S + CHUNK_S) * 1000),
        known_ms=about(audio_ms + (LEADING_SILENCE_S + CHUNK_S) * 1000),
    )


@in_virtual_time
async def test_page_and_metrics_are_told_the_same_as_the_record() -> None:
    async with a_call([0.3, "On its way."]) as call:
        await call.says("where is my order")
        await asyncio.sleep(5)
        (stages,) = call.turns
        (message,) = call.messages
        metrics = [
            data
            for frame in call.rig.reached_the_end(MetricsFrame)
            for data in frame.data
            if isinstance(data, StageMetricsData)
        ]
    assert message == {
        "type": "turn-latency",
        "turn": 1,
        "said": "where is my order",
        "transcript_final_ms": stages.transcript_final_ms,
        "turn_end_ms": stages.turn_end_ms,
        "first_token_ms": stages.first_token_ms,
        "first_speakable_text_ms": stages.first_speakable_text_ms,
        "first_audio_ms": stages.first_audio_ms,
        "first_audio_out_ms": stages.first_audio_out_ms,
        "filler_audio_out_ms": None,
        "known_ms": stages.known_ms,
        "tools": [],
        "interrupted": False,
        "failures": [],
    }
    assert {data.stage: data.value * 1000 for data in metrics} == {
        name.removesuffix("_ms"): pytest.approx(value)
        for name, value in message.items()
        if name.endswith("_ms") and name != "known_ms" and value is not None
    }
    assert {data.turn for data in metrics} == {1}


@in_virtual_time
async def test_tool_runs_are_part_of_the_turn_and_only_the_first_token_counts() -> None:
    async with a_call(
        [0.2, "find_order"],
        [0.3, "It was shipped."],
        tools={"find_order": 0.4},
        tool_patience_ms=700,
    ) as call:
        await call.says("where is my order")
        await asyncio.sleep(5)
        (stages,) = call.turns
        assert call.messages[0]["tools"] == [
            {"name": "find_order", "start_ms": about(TURN_END_MS + 200), "duration_ms": about(400)}
        ]
    assert stages.first_token_ms == about(TURN_END_MS + 200)
    assert stages.tools == (ToolRun("find_order", about(TURN_END_MS + 200), about(400)),)
    assert stages.first_speakable_text_ms == about(TURN_END_MS + 900)


@in_virtual_time
async def test_time_lost_to_a_provider_is_part_of_the_turn_that_waited_for_it() -> None:
    async with a_call([1.0, "On its way."], [0.3, "You are welcome."]) as call:
        await call.says("where is my order")
        await asyncio.sleep(TURN_TIMEOUT_S + 0.5)
        failure = ProviderFailureMetricsData(
            processor="openai", stage="llm", how="silent", value=0.4, went_to="groq"
        )
        await call.rig.down(MetricsFrame(data=[failure]))
        lost_since_ms = (VAD_STOP_S + 0.1 + TURN_TIMEOUT_S + 0.5 - 0.4) * 1000
        await asyncio.sleep(5)
        await call.says("thank you")
        await asyncio.sleep(5)
        first, second = call.turns
        (message, _) = call.messages
    lost = FailedWait("llm", "openai", "silent", about(lost_since_ms), 400.0, "groq")
    assert first.failures == (lost,)
    assert message["failures"] == [dataclasses.asdict(first.failures[0])]
    assert second.failures == ()


@in_virtual_time
async def test_filler_is_measured_apart_from_the_answer() -> None:
    async with a_call([2.5, "It was shipped."]) as call:
        await call.says("where is my order")
        await asyncio.sleep(9)
        (stages,) = call.turns
    heard_after_ms = (VOICE_S + LEADING_SILENCE_S + CHUNK_S) * 1000
    assert stages.filler_audio_out_ms == about(TURN_END_MS + 700 + heard_after_ms)
    assert stages.first_speakable_text_ms == about(TURN_END_MS + 2500)
    assert stages.first_audio_ms == about(TURN_END_MS + 2500 + VOICE_S * 1000)
    assert stages.first_audio_out_ms == about(TURN_END_MS + 2500 + heard_after_ms)


@in_virtual_time
async def test_phrase_of_the_silence_bound_is_a_sound_and_no_answer() -> None:
    async with a_call([9.0, "Too late."], patience_ms=60_000, bound=True) as call:
        await call.says("where is my order")
        await asyncio.sleep(12)
        (stages,) = call.turns
    assert stages.filler_audio_out_ms == about(BOUND_S * 1000 + CHUNK_S * 1000)
    assert (stages.first_audio_ms, stages.first_audio_out_ms) == (None, None)


@in_virtual_time
async def test_turn_that_is_given_up_is_told_of_then_and_nobody_interrupted_it() -> None:
    async with a_call([9.0, "Too late."], patience_ms=60_000, bound=True) as call:
        await call.says("where is my order")
        await asyncio.sleep(12)
        (stages,) = call.turns
    assert not stages.interrupted
    assert stages.known_ms == about((2 * BOUND_S + PHRASE_S) * 1000)


@in_virtual_time
async def test_apology_ends_the_turn_and_is_no_answer() -> None:
    apology = TTSSpeakFrame("Sorry.", append_to_context=False, text_type=APOLOGY)
    async with a_call([3.0]) as call:
        await call.says("where is my order")
        await asyncio.sleep(5)
        await call.rig.down(apology)
        await asyncio.sleep(5)
        # Nobody has to wait for the call's end.
        (stages,) = call.turns
    assert (stages.first_speakable_text_ms, stages.first_audio_out_ms) == (None, None)
    assert stages.filler_audio_out_ms
    assert stages.known_ms
    # A filler was heard first.
    assert stages.filler_audio_out_ms < stages.known_ms
    assert not stages.interrupted


@in_virtual_time
async def test_question_whether_the_caller_is_there_is_no_answer_to_what_was_asked() -> None:
    async with a_call([0.1], patience_ms=60_000) as call:
        await call.says("where is my order")
        await asyncio.sleep(5)
        await call.rig.down(TTSSpeakFrame("Are you there?", text_type=PROMPT))
        await asyncio.sleep(5)
    (stages,) = call.turns
    assert stages.filler_audio_out_ms is not None
    assert (stages.first_speakable_text_ms, stages.first_audio_out_ms) == (None, None)


@in_virtual_time
async def test_result_that_comes_during_a_filler_waits_for_its_playout() -> None:
    async with a_call(
        ["find_order"],
        [0.3, "It was shipped."],
        tools={"find_order": 1.0},
        tool_patience_ms=700,
    ) as call:
        await call.says("where is my order")
        await asyncio.sleep(9)
        (stages,) = call.turns
    assert stages.filler_audio_out_ms is not None
    (tool,) = stages.tools
    assert tool.duration_ms == about(1000)
    result_ms = tool.start_ms + 1000
    assert stages.first_speakable_text_ms is not None
    assert stages.first_speakable_text_ms > result_ms + 400, "Pipecat holds the result back"


@in_virtual_time
async def test_caller_who_speaks_before_the_answer_interrupts_the_turn() -> None:
    async with a_call([3.0, "Never heard."], ["It was shipped."]) as call:
        await call.says("where is my order")
        await asyncio.sleep(1)
        await call.says("hello")
        await asyncio.sleep(5)
        first, second = call.turns
    assert (first.turn, first.interrupted, first.first_audio_out_ms) == (1, True, None)
    assert first.said == "where is my order"
    assert first.turn_end_ms == about(TURN_END_MS)
    assert (second.turn, second.interrupted, second.said) == (2, False, "hello")
    assert second.first_token_ms == about(TURN_END_MS)


@in_virtual_time
async def test_barge_in_after_the_answer_began_leaves_its_turn_as_it_was() -> None:
    async with a_call(["One. Two. Three. Four."], ["It was shipped."]) as call:
        await call.says("where is my order")
        await asyncio.sleep(1.2)
        assert len(call.turns) == 1
        await call.says("hello")
        await asyncio.sleep(5)
    first, second = call.turns
    assert not first.interrupted
    assert first.first_audio_out_ms is not None
    assert second.first_audio_out_ms == about(
        TURN_END_MS + (VOICE_S + LEADING_SILENCE_S + CHUNK_S) * 1000
    )


@in_virtual_time
async def test_caller_who_pauses_within_a_turn_is_measured_from_the_last_word() -> None:
    async with a_call(["It was shipped."]) as call:
        await call.says("where is")
        await asyncio.sleep(0.2)
        await call.says("my order")
        await asyncio.sleep(5)
        (stages,) = call.turns
    assert stages.said == "where is my order"
    assert stages.transcript_final_ms == about(TRANSCRIPT_MS)
    assert stages.turn_end_ms == about(TURN_END_MS)


@in_virtual_time
async def test_cough_is_no_turn_and_the_next_turn_is_not_measured_from_it() -> None:
    async with a_call(["Pardon?"], ["It was shipped."]) as call:
        await call.speaks()
        await call.falls_silent()
        await asyncio.sleep(20)
        assert call.turns == []
        await call.says("where is my order")
        await asyncio.sleep(5)
        (stages,) = call.turns
    assert (stages.turn, stages.turn_end_ms) == (1, about(TURN_END_MS))


@in_virtual_time
async def test_keypad_input_counts_from_its_transcript_even_after_a_cough() -> None:
    async with a_call(["Pardon?"], ["It was shipped."]) as call:
        await call.speaks()
        await call.falls_silent()
        await asyncio.sleep(20)
        await call.rig.down(InterruptionFrame())
        await call.is_understood("DTMF: 1234")
        await asyncio.sleep(9)
        (stages,) = call.turns
    assert stages.said == "DTMF: 1234"
    assert stages.transcript_final_ms == 0
    assert stages.turn_end_ms is not None
    assert stages.turn_end_ms < 6000
    assert stages.first_audio_out_ms is not None


@in_virtual_time
async def test_greeting_is_no_turn() -> None:
    async with a_call() as call:
        await call.rig.down(TTSSpeakFrame("Welcome."))
        await asyncio.sleep(5)
        assert call.turns == []
        assert call.messages == []


@in_virtual_time
async def test_answer_without_words_is_reported_when_the_caller_goes_on() -> None:
    async with a_call([], ["It was shipped."]) as call:
        await call.says("hm")
        await asyncio.sleep(5)
        assert call.turns == []
        await call.says("where is my order")
        await asyncio.sleep(5)
    assert [(turn.said, turn.first_token_ms is None) for turn in call.turns] == [
        ("hm", True),
        ("where is my order", False),
    ]


@in_virtual_time
async def test_caller_who_hangs_up_before_the_answer_is_recorded() -> None:
    async with a_call([9.0, "Never heard."], patience_ms=60_000) as call:
        await call.says("where is my order")
        await asyncio.sleep(2)
        assert call.turns == []
    (stages,) = call.turns
    assert (stages.said, stages.interrupted, stages.first_audio_out_ms) == (
        "where is my order",
        False,
        None,
    )


@in_virtual_time
async def test_last_words_before_the_end_of_the_call_are_measured() -> None:
    async with a_call(["Goodbye."]) as call:
        await call.says("thank you bye")
        await asyncio.sleep(TURN_TIMEOUT_S + 0.05)
        await call.rig.worker.queue_frame(EndFrame())
        await asyncio.sleep(9)
    (stages,) = call.turns
    assert stages.first_audio_out_ms is not None


@in_virtual_time
async def test_push_is_stamped_when_it_happened_not_when_the_observer_got_to_it() -> None:
    latency = StageLatency(record := Record(), now=asyncio.get_running_loop().time)
    async with probed_pipeline(latency) as rig:
        loop = asyncio.get_running_loop()
        spoke_until_s = loop.time()
        frames = [
            VADUserStoppedSpeakingFrame(stop_secs=0, timestamp=spoke_until_s),
            TranscriptionFrame("hello", "caller", ""),
            UserStoppedSpeakingFrame(),
        ]
        for frame in frames:
            await rig.head.push_frame(frame)
        assert isinstance(loop, VirtualTimeLoop)
        # The process is busy with something else before the observers have their turn.
        loop.pass_time(3)
        await asyncio.sleep(A_MOMENT_S)
    (stages,) = record.turns
    assert stages.turn_end_ms == 0


@in_virtual_time
async def test_words_of_a_dismissed_sound_are_of_no_turn() -> None:
    record = Record()
    async with probed_pipeline(StageLatency(record)) as rig:
        await rig.down(
            TranscriptionFrame("uh huh", "", ""),
            SoundDismissedFrame("backchannel", "uh huh"),
            UserStartedSpeakingFrame(),
            UserStoppedSpeakingFrame(),
        )
    assert record.turns == []
