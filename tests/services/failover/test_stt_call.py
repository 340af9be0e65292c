"""How a call with several recognisers begins, is taken turns in, and ends."""

import asyncio
from dataclasses import dataclass

from pipecat.audio.turn.base_turn_analyzer import BaseTurnAnalyzer, EndOfTurnState
from pipecat.frames.frames import (
    EndFrame,
    InputAudioRawFrame,
    LLMContextFrame,
    STTMuteFrame,
    STTUpdateSettingsFrame,
    TranscriptionFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.settings import STTSettings
from pipecat.transcriptions.language import Language
from pipecat.turns.user_stop import TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.types import is_given

from services.failover.incident import Failure
from tests.services.failover.scripted_stt import DEAF, Script, Scripted, ScriptedSegments
from tests.services.failover.stt_call import calling, first, health, second
from tests.virtual_time import in_virtual_time

NEVER_CONNECTS = Script(never_connects=True)


@dataclass
class Keyed(STTSettings):
    keyterm: list[str] | None = None


@dataclass
class Worded(STTSettings):
    keywords: list[str] | None = None


class AlwaysDone(BaseTurnAnalyzer):
    """Takes every pause for the end of a turn."""

    @property
    def speech_triggered(self) -> bool:
        return False

    @property
    def params(self) -> None:  # type: ignore[override]
        return None

    def append_audio(self, buffer: bytes, is_speech: bool) -> EndOfTurnState:
        return EndOfTurnState.INCOMPLETE

    async def analyze_end_of_turn(self):
        return EndOfTurnState.COMPLETE, None

    def clear(self) -> None: ...


@in_virtual_time
async def test_turn_ends_once_with_the_words_that_the_backup_heard() -> None:
    strategy = TurnAnalyzerUserTurnStopStrategy(turn_analyzer=AlwaysDone())
    context = LLMContext()
    pair = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            user_turn_strategies=UserTurnStrategies(stop=[strategy])
        ),
    )
    async with calling(first(DEAF), second(), after=pair.user()) as call:
        await call.says("where is my order")
        assert len(call.rig.reached_the_end(LLMContextFrame)) == 1
        assert len(call.rig.reached_the_end(UserStoppedSpeakingFrame)) == 1
        assert context.get_messages() == [{"role": "user", "content": "where is my order"}]


@in_virtual_time
async def test_call_begins_and_ends_though_nobody_ever_connects() -> None:
    loop = asyncio.get_running_loop()
    began_at_s = loop.time()
    async with calling(first(NEVER_CONNECTS), second(NEVER_CONNECTS)) as call:
        assert loop.time() - began_at_s < 0.1
        await call.caller.says("yes please")
        await call.rig.down(EndFrame())
        assert call.rig.reached_the_end(EndFrame)
    assert loop.time() - began_at_s < 15


@in_virtual_time
async def test_recogniser_that_connects_late_hears_the_utterance_from_its_beginning() -> None:
    late = Scripted()
    connected = asyncio.Event()
    connect = late.setup

    async def connects_when_told(setup) -> None:
        await connect(setup)
        await connected.wait()

    late.setup = connects_when_told
    async with calling(("first", late, health()), second()) as call:
        await call.caller.is_silent(30)
        await call.caller.says("where is my order")
        connected.set()
        await call.caller.is_silent(1)
        assert call.texts == ["where is my order"]
        assert call.incidents == []
        # The half minute of silence before that is nobody's business.
        assert late.frames < 200


@in_virtual_time
async def test_what_a_backup_says_unasked_is_not_the_callers() -> None:
    async with calling(first(), second()) as call:
        await call.stt.inner[1].push_frame(TranscriptionFrame("hello", "", ""))
        await call.says("yes please")
        assert call.texts == ["yes please"]


@in_virtual_time
async def test_words_that_no_vad_noticed_pass_as_they_come() -> None:
    async with calling(first(), second()) as call:
        await call.stt.inner[0].push_frame(TranscriptionFrame("hello", "", ""))
        await call.caller.is_silent(0.1)
        assert call.texts == ["hello"]


@in_virtual_time
async def test_recogniser_that_cannot_be_built_leads_no_call() -> None:
    async with calling(first(Script(unbuildable=True)), second()) as call:
        await call.says("yes please")
        assert call.texts == ["yes please"]
        assert call.failures == [("first", Failure.REFUSED, "second")]


@in_virtual_time
async def test_idle_backup_that_breaks_costs_nothing_and_is_passed_over() -> None:
    third = ("third", Scripted(), health())
    async with calling(first(DEAF), second(), third) as call:
        await call.stt.inner[1].push_error("the connection is lost")
        await call.says("yes please")
        assert call.texts == ["yes please"]
        assert call.failures == [
            ("second", Failure.REFUSED, ""),
            ("first", Failure.SILENT, "third"),
        ]


@in_virtual_time
async def test_error_that_is_told_twice_is_one_failure() -> None:
    async with calling(first(), second()) as call:
        await call.caller.sounds([1000], 0.5)
        await call.stt.inner[0].push_error("the connection is lost")
        await call.stt.inner[0].push_error("connection error")
        await call.caller.is_silent(3)
        assert call.failures == [("first", Failure.REFUSED, "second")]
        assert call.words == "where"


@in_virtual_time
async def test_only_recogniser_that_reconnects_by_itself_is_heard_again_at_once() -> None:
    async with calling(first()) as call:
        await call.caller.sounds([1000], 0.5)
        await call.stt.inner[0].push_error("the connection was lost for a moment")
        await call.caller.is_silent(1)
        await call.says("yes please")
        assert call.words == "where yes please"


@in_virtual_time
async def test_third_is_asked_when_the_second_breaks_while_it_is_asked() -> None:
    breaks = Script(dies_with_frame=30, error=True)
    third = ("third", Scripted(), health())
    async with calling(first(DEAF), second(breaks), third) as call:
        await call.says("where is my order")
        assert call.texts == ["where is my order"]
        assert sorted(call.failures) == [
            ("first", Failure.SILENT, "third"),
            ("second", Failure.REFUSED, "third"),
        ]


@in_virtual_time
async def test_caller_who_speaks_on_gets_a_backup_when_interim_words_stop_coming() -> None:
    long = "where is my order number four seven two nine one yes please tell me more about it"
    backup = Scripted()
    async with calling(first(Script(dies_with_frame=60)), ("second", backup, health())) as call:
        speaking = asyncio.create_task(call.caller.says(long))
        await asyncio.sleep(4.8)
        assert backup.frames > 0
        await speaking
        await call.caller.is_silent(3)
        assert call.words == long
        assert call.failures == [("first", Failure.STALLED, "second")]


@in_virtual_time
async def test_pause_in_a_sentence_does_not_lose_or_repeat_a_word() -> None:
    for service in (Scripted(), Scripted(Script(delay_s=0.7, chunk=2)), ScriptedSegments()):
        async with calling(("first", service, health()), second()) as call:
            await call.caller.says("where is my order")
            await call.says("number four seven")
            assert call.words == "where is my order number four seven"
            assert call.incidents == []


@in_virtual_time
async def test_words_that_are_known_when_the_call_ends_are_not_lost() -> None:
    async with calling(first(), second()) as call:
        await call.caller.says("where is my order")
        assert not call.texts
        await call.rig.down(EndFrame())
        assert call.words == "where is my order"


@in_virtual_time
async def test_muted_caller_is_heard_by_nobody() -> None:
    one = Scripted()
    async with calling(("first", one, health()), second()) as call:
        await call.rig.down(STTMuteFrame(mute=True))
        await call.says("where is my order")
        assert one.frames == 0
        assert call.texts == []
        assert call.incidents == []
        passed = call.rig.reached_the_end(InputAudioRawFrame)
        assert len(passed) == len(call.caller.sent)


@in_virtual_time
async def test_new_settings_go_to_the_first_and_what_the_backup_knows_of_them_to_it() -> None:
    one = Scripted(settings=Keyed(model="a", language=None))
    other = Scripted(settings=Worded(model="b", language=None))
    async with calling(("first", one, health()), ("second", other, health())) as call:
        delta = Keyed(model="new", language=Language.DE, keyterm=["pudding"])
        await call.rig.down(STTUpdateSettingsFrame(delta=delta))
        await asyncio.sleep(0.01)
        assert [(each.model, each.language) for each in one.updates] == [("new", Language.DE)]
        [update] = other.updates
        assert isinstance(update, Worded)
        assert update.language == Language.DE
        assert update.keywords == ["pudding"]
        assert not is_given(update.model)


@in_virtual_time
async def test_settings_for_one_of_them_reach_no_other() -> None:
    one, other = Scripted(), Scripted()
    async with calling(("first", one, health()), ("second", other, health())) as call:
        delta = STTSettings(language=Language.DE)
        await call.rig.down(STTUpdateSettingsFrame(delta=delta, service=other))
        await asyncio.sleep(0.01)
        assert one.updates == []
        assert len(other.updates) == 1
