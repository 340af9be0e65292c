"""A call in which no language model answers is given up, and judged failed."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMContextUserTurnFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator

from calls.call import Call
from calls.costs.prices import price_table
from calls.quiet_caller import LETTING_GO, STILL_THERE, QuietCaller
from calls.record import CallRecord
from calls.record_events import RecordEvents
from processors.no_answer import APOLOGY as APOLOGY_KIND
from processors.no_answer import PROMPT
from processors.silence_bound import SilenceBound
from processors.stage_latency import StageLatency
from services.failover.incident import Incident
from services.failover.llm.backed import APOLOGY, APOLOGY_TYPE, BackedLLM
from tests.calls.heard_call import HeardCall, heard_call
from tests.processors.silence_bound_call import PHRASES
from tests.services.failover.scripted_llm import Reply, ScriptedLLM
from tests.services.failover.tts_fakes import health
from tests.virtual_time import in_virtual_time

DEAD = Reply(error="503")
SILENT = Reply(hangs=True)
SENT = "It left our house on Monday."
ORDER = "where is my order"
HUNG_UP = "the caller hung up"
GOODBYE = "Goodbye."
VAD_S = 0.2


class Story:
    """Somebody who calls, and what remains of it."""

    def __init__(self, call: HeardCall, record: CallRecord, events: RecordEvents) -> None:
        self._call = call
        self._record = record
        self._events = events
        self.given_up = asyncio.Event()

    async def asks(self, text: str = ORDER, *, listens_s: float = 9.0) -> None:
        """A turn, and so much of what is said to it."""
        await self._call.give(VADUserStartedSpeakingFrame(start_secs=VAD_S))
        await asyncio.sleep(1)
        now_s = asyncio.get_running_loop().time()
        await self._call.give(
            VADUserStoppedSpeakingFrame(stop_secs=VAD_S, timestamp=now_s),
            UserStartedSpeakingFrame(),
            TranscriptionFrame(text, "caller", ""),
        )
        await asyncio.sleep(0.3)
        self._events.heard("caller", text)
        self._call.context.add_message({"role": "user", "content": text})
        await self._call.give(
            UserStoppedSpeakingFrame(),
            LLMContextUserTurnFrame(text=text, timestamp=""),
            LLMContextFrame(self._call.context),
        )
        await asyncio.sleep(listens_s)

    async def is_asked_for_a_word(self) -> None:
        """The caller said nothing for a while."""
        await self._call.give(TTSSpeakFrame(STILL_THERE, text_type=PROMPT))
        await asyncio.sleep(5)

    @property
    def heard(self) -> list[str]:
        """What the bot said."""
        return [e["text"] for e in self.kept("heard") if e["who"] == "bot"]

    def kept(self, kind: str) -> list[dict[str, Any]]:
        """The events of a kind."""
        lines = self._record.path.read_text().splitlines()
        return [event for event in map(json.loads, lines) if event["kind"] == kind]

    def judged(self, reason: str = HUNG_UP) -> tuple[str, str]:
        """The call ends: its outcome, and why."""
        self._record.ending(reason)
        self._record.closed()
        (outcome,) = self.kept("outcome")
        return outcome["outcome"], outcome["why"]


Tell = Callable[[Story], Awaitable[None]]


@asynccontextmanager
async def a_call(folder: Path, *replies: Reply) -> AsyncIterator[Story]:
    """A call whose model gives these replies, the last one again and again."""
    record = CallRecord(folder, "a-call")
    events = RecordEvents(record, price_table())
    stories: list[Story] = []

    def failed(incident: Incident) -> None:
        events.note("provider_failed", went_to=incident.went_to)

    async def give_up() -> None:
        stories[0].given_up.set()

    llm = BackedLLM(
        [("openai", ScriptedLLM(*replies), health(5000))],
        report=failed,
    )
    latency = StageLatency(record, now=asyncio.get_running_loop().time)
    bound = SilenceBound(PHRASES, give_up=give_up)
    async with heard_call(
        random.Random(1), before=[llm], before_output=[latency, bound], events=events, stalls=False
    ) as call:
        stories.append(Story(call, record, events))
        yield stories[0]


def told(folder: Path, *replies: Reply) -> Callable[[Tell], None]:
    """Have a story run at once, in a call of its own."""

    def run(tell: Tell) -> None:
        @in_virtual_time
        async def story() -> None:
            async with a_call(folder, *replies) as call:
                await tell(call)

        story()

    return run


def test_caller_who_repeats_at_once_is_let_go_when_the_second_answer_fails_as_well(
    tmp_path: Path,
) -> None:
    @told(tmp_path, DEAD)
    async def _(call: Story) -> None:
        await call.asks()
        assert (call.heard, call.given_up.is_set()) == ([APOLOGY], False)
        await call.asks()
        assert call.given_up.is_set()
        assert call.heard == [APOLOGY, GOODBYE]


def test_caller_who_was_asked_to_repeat_is_not_told_that_it_takes_a_moment(
    tmp_path: Path,
) -> None:
    @told(tmp_path, DEAD)
    async def _(call: Story) -> None:
        await call.asks(listens_s=60)
        assert call.heard == [APOLOGY]


def test_model_that_hangs_is_given_up_as_one_that_refuses(tmp_path: Path) -> None:
    @told(tmp_path, SILENT, SILENT, DEAD)
    async def _(call: Story) -> None:
        for _ in range(2):
            await call.asks(listens_s=20)
        assert call.given_up.is_set()
        assert call.heard[-1] == GOODBYE


def test_answer_in_between_keeps_the_call(tmp_path: Path) -> None:
    @told(tmp_path, DEAD, DEAD, Reply(SENT), DEAD)
    async def _(call: Story) -> None:
        for _ in range(3):
            await call.asks()
        assert call.heard == [APOLOGY, SENT, APOLOGY]
        assert not call.given_up.is_set()


def test_question_whether_the_caller_is_there_takes_no_failure_back(tmp_path: Path) -> None:
    @told(tmp_path, DEAD)
    async def _(call: Story) -> None:
        await call.asks()
        await call.is_asked_for_a_word()
        assert call.heard == [APOLOGY, STILL_THERE]
        assert call.judged() == ("failed", "no answer could be given to the caller's last words")


def test_question_whether_the_caller_is_there_does_not_put_off_the_goodbye(
    tmp_path: Path,
) -> None:
    @told(tmp_path, DEAD)
    async def _(call: Story) -> None:
        await call.asks()
        await call.is_asked_for_a_word()
        await call.asks()
        assert call.given_up.is_set()


def test_call_that_goes_on_with_an_answer_is_not_judged_by_the_failure_before(
    tmp_path: Path,
) -> None:
    @told(tmp_path, DEAD, DEAD, Reply(SENT))
    async def _(call: Story) -> None:
        await call.asks()
        await call.asks()
        assert call.heard == [APOLOGY, SENT]
        assert call.judged() == ("abandoned", "nothing says that it was settled")


def test_apology_is_no_first_audio_of_an_answer(tmp_path: Path) -> None:
    @told(tmp_path, DEAD)
    async def _(call: Story) -> None:
        await call.asks()
        (turn,) = call.kept("turn")
        assert [turn[f"{name}_ms"] for name in ("first_token", "first_speakable_text")] == [
            None
        ] * 2
        assert [turn[f"{name}_ms"] for name in ("first_audio", "first_audio_out")] == [None] * 2
        assert turn["filler_audio_out_ms"] > turn["turn_end_ms"]
        assert not turn["interrupted"]


def test_record_tells_an_apology_and_a_prompt_from_an_answer(tmp_path: Path) -> None:
    @told(tmp_path, DEAD, DEAD, Reply(SENT))
    async def _(call: Story) -> None:
        await call.asks()
        await call.is_asked_for_a_word()
        await call.asks()
        of_bot = [e for e in call.kept("heard") if e["who"] == "bot"]
        assert [e.get("said") for e in of_bot] == ["apology", "prompt", None]


def test_the_apology_is_known_for_one_where_it_is_heard() -> None:
    assert APOLOGY_TYPE == APOLOGY_KIND


@in_virtual_time
async def test_quiet_caller_is_spoken_to_in_words_that_are_no_answer() -> None:
    said: list[TTSSpeakFrame] = []
    handlers: dict[str, Callable[..., Awaitable[None]]] = {}

    class User:
        def add_event_handler(self, name: str, handler: Callable[..., Awaitable[None]]) -> None:
            handlers[name] = handler

        async def push_frame(self, frame: Frame) -> None:
            assert isinstance(frame, TTSSpeakFrame)
            said.append(frame)

    class Line:
        async def end_after_words(self, reason: str) -> None:
            assert reason == "the caller said nothing"

    user = User()
    QuietCaller(cast(Call, Line())).listen_to(cast(LLMUserAggregator, user))
    for _ in range(2):
        await handlers["on_user_turn_idle"](user)
    assert [(frame.text, frame.text_type) for frame in said] == [
        (STILL_THERE, PROMPT),
        (LETTING_GO, PROMPT),
    ]
    # The model has to know what a "yes" was said to.
    assert all(frame.append_to_context for frame in said)
