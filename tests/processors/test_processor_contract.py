"""The contract that every processor of this house holds. A new processor is found by itself.

A processor may replace frames instead of passing them: it then names them in a class attribute,
``consumes: tuple[type[Frame], ...]``.
"""

import asyncio
import builtins
import contextlib
import dataclasses
import importlib
import inspect
import pkgutil
import sys
import types
import typing
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from pipecat.frames import frames as pipecat_frames
from pipecat.frames.frames import (
    AudioRawFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    ControlFrame,
    DataFrame,
    EndFrame,
    Frame,
    FunctionCallInProgressFrame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMContextUserTurnFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    MetricsFrame,
    OutputAudioRawFrame,
    OutputImageRawFrame,
    SpeechOutputAudioRawFrame,
    SystemFrame,
    TextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

import processors
from tests.processors.probed_pipeline import A_MOMENT_S, LIFECYCLE, Rig, probed_pipeline
from tests.virtual_time import in_virtual_time

# 50 us on the machines of 2024: CPython 3.11 runs 20 to 40 bytecodes a microsecond there. Bytecodes
# are the same on every machine; `scripts/bench_processors.py` prints microseconds.
MOST_BYTECODES_PER_AUDIO_FRAME = 1500
LONG_S = 60.0


def processor_classes() -> list[type[FrameProcessor]]:
    """Every processor defined in ``processors/``, in files that may not exist yet, too."""
    found = {}
    for module_info in pkgutil.walk_packages(processors.__path__, "processors."):
        module = importlib.import_module(module_info.name)
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if issubclass(cls, FrameProcessor) and cls.__module__ == module.__name__:
                found[cls.__qualname__] = cls
    return [found[name] for name in sorted(found)]


def consumed_by(cls: type[FrameProcessor]) -> tuple[type[Frame], ...]:
    """The frames that a processor replaces."""
    return getattr(cls, "consumes", ())


class Passes(FrameProcessor):
    """The least a processor can do."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


# Frames ------------------------------------------------------------------------------------------

_SAMPLES: dict[Any, Any] = {
    str: "a",
    int: 1,
    float: 1.0,
    bool: False,
    bytes: b"\x01\x00" * 160,
    Any: None,
    LLMContext: LLMContext(),
    FrameProcessor: Passes(name="somebody else"),
    Callable: print,
    tuple: (1, 1),
    Exception: RuntimeError("a"),
}
_SAMPLE_RATES_HZ = (8000, 16000, 22050, 24000)


def sample_of(hint: Any) -> Any:
    """Some value of a type.

    Raises:
        LookupError: There is no plain value of it.
    """
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return args[0]
    if origin in (typing.Union, types.UnionType):
        return None if type(None) in args else sample_of(args[0])
    if isinstance(origin, type) and issubclass(origin, tuple):
        return (1, 1)
    for plain in (hint, origin):
        if isinstance(plain, Hashable) and plain in _SAMPLES:
            return _SAMPLES[plain]
        if isinstance(plain, type):
            if hasattr(plain, "__members__"):
                return next(iter(plain.__members__.values()))
            if issubclass(plain, Mapping):
                return {}
            if issubclass(plain, Sequence):
                return []
    raise LookupError(hint)


class _Names(dict):
    """Names in annotations; what Pipecat imports for type checkers alone may be anything."""

    def __missing__(self, name: str) -> Any:
        known = vars(builtins) | vars(pipecat_frames) | {"LLMContext": LLMContext}
        return FrameProcessor if name == "FrameProcessor" else known.get(name, Any)


def build(kind: type[Frame]) -> Frame:
    """A frame with sample values for whatever it requires."""
    hints = typing.get_type_hints(kind, localns=_Names())
    return kind(
        **{
            field.name: sample_of(hints[field.name])
            for field in dataclasses.fields(kind)
            if field.init
            and field.default is dataclasses.MISSING
            and field.default_factory is dataclasses.MISSING
        }
    )


def frame_classes() -> list[type[Frame]]:
    """Pipecat's frames that are not about a processor's own beginning or end."""
    return [
        cls
        for _, cls in inspect.getmembers(pipecat_frames, inspect.isclass)
        if issubclass(cls, Frame)
        and cls not in (Frame, SystemFrame, DataFrame, ControlFrame)
        and not issubclass(cls, LIFECYCLE)
        and not issubclass(cls, InterruptionFrame)
    ]


def buildable_frame_classes() -> list[type[Frame]]:
    """Those that can be built without knowing them."""
    buildable = []
    for kind in frame_classes():
        with contextlib.suppress(LookupError, NameError, TypeError, ValueError):
            build(kind)
            buildable.append(kind)
    return buildable


def audio_frames() -> list[Frame]:
    """20 ms of each kind of audio at each usual rate, in one and in two channels."""
    return [
        kind(
            audio=b"\x01\x02" * (rate_hz // 50) * channels,
            sample_rate=rate_hz,
            num_channels=channels,
        )
        for kind in (
            TTSAudioRawFrame,
            OutputAudioRawFrame,
            SpeechOutputAudioRawFrame,
            InputAudioRawFrame,
        )
        for rate_hz in _SAMPLE_RATES_HZ
        for channels in (1, 2)
    ]


def mid_sentence() -> list[Frame]:
    """A reply that breaks off before a word, a mark and a link end."""
    return [LLMFullResponseStartFrame(), *map(LLMTextFrame, ("Your ord", "er is **on its", " [wa"))]


def mid_turn() -> list[Frame]:
    """A caller's turn that a tool is still busy with."""
    return [
        UserStartedSpeakingFrame(),
        UserStoppedSpeakingFrame(),
        LLMContextUserTurnFrame(text="where is my order", timestamp=""),
        LLMFullResponseStartFrame(),
        FunctionCallInProgressFrame(function_name="find", tool_call_id="1", arguments={}),
    ]


def mid_speech() -> list[Frame]:
    """Audio of which the end is missing."""
    return [
        TTSStartedFrame(context_id="a"),
        *(TTSAudioRawFrame(b"\x01\x02" * 80, 8000, 1, context_id="a") for _ in range(3)),
    ]


BROKEN_OFF = {"mid-sentence": mid_sentence, "mid-turn": mid_turn, "mid-speech": mid_speech}


@dataclasses.dataclass
class Fence(ControlFrame):
    """Arrives after everything sent before it."""


# The contract ------------------------------------------------------------------------------------


async def check_forwards(cls: type[FrameProcessor]) -> None:
    """Each frame that it does not consume goes on once, in its direction, in order."""
    kinds = [kind for kind in buildable_frame_classes() if not issubclass(kind, consumed_by(cls))]
    assert kinds, "a processor cannot consume everything"
    for direction in FrameDirection:
        async with probed_pipeline(cls()) as rig:
            down = direction is FrameDirection.DOWNSTREAM
            near, far = (rig.head, rig.tail) if down else (rig.tail, rig.head)
            sent = [build(kind) for kind in (*kinds, *reversed(kinds))]
            # Two bursts: the order must hold for frames that queue as for frames that do not.
            for frame in sent[: len(kinds)]:
                await near.push_frame(frame, direction)
            await asyncio.sleep(A_MOMENT_S)
            for frame in sent[len(kinds) :]:
                await near.push_frame(frame, direction)
                await asyncio.sleep(A_MOMENT_S)
            await near.push_frame(Fence(), direction)
            await asyncio.sleep(LONG_S)

            ids = {frame.id for frame in sent}
            there = [frame for frame in far.got if frame.id in ids]
            turned_back = [type(frame).__name__ for frame in near.got if frame.id in ids]
            assert not turned_back, f"turned back: {turned_back}"
            for is_system in (True, False):
                want = [f.name for f in sent if isinstance(f, SystemFrame) is is_system]
                got = [f.name for f in there if isinstance(f, SystemFrame) is is_system]
                missing = sorted(set(want) - set(got))
                assert not missing, f"neither passed on nor declared in consumes: {missing}"
                assert got == want, "frames came twice or out of order"
            assert any(isinstance(frame, Fence) for frame in far.got), "stuck"


async def check_system_frame_overtakes(cls: type[FrameProcessor]) -> None:
    """No system frame stands behind a slow one."""
    jams = 0
    for slow_frames in (
        [OutputAudioRawFrame(b"\x00\x00" * 160, 8000, 1)],
        [TTSSpeakFrame("Welcome.")],
        [LLMFullResponseStartFrame(), LLMTextFrame("Your order is on its way. "), Fence()],
    ):
        async with probed_pipeline(cls()) as rig:
            rig.tail.jam = asyncio.Event()

            async def send(rig: Rig = rig, slow_frames: Sequence[Frame] = slow_frames) -> None:
                for frame in slow_frames:
                    await rig.head.push_frame(frame)

            sending = [asyncio.create_task(send())]
            await asyncio.sleep(A_MOMENT_S)
            overtook = True
            if rig.tail.jammed_on:
                jams += 1
                urgent = UserStartedSpeakingFrame()
                sending.append(asyncio.create_task(rig.head.push_frame(urgent)))
                await asyncio.sleep(A_MOMENT_S)
                overtook = urgent in rig.tail.got
            rig.tail.jam.set()
            await asyncio.gather(*sending)
            assert overtook, f"a system frame stands behind {rig.tail.jammed_on}"
    assert jams, "nothing that was sent arrived"


async def check_interruption_drops(cls: type[FrameProcessor]) -> None:
    """Nothing of the time before an interruption comes after it, and the next reply is whole."""
    fresh_reply = ["Your ", "order is on ", "its way.", " Anything else?"]

    async def reply_after(frames: list[Frame]) -> str:
        async with probed_pipeline(cls()) as rig:
            for frame in frames:
                await rig.head.push_frame(frame)
                await asyncio.sleep(A_MOMENT_S)
            if frames:
                interruption = InterruptionFrame()
                await rig.head.push_frame(interruption)
                await asyncio.sleep(LONG_S)
                late = rig.tail.got[rig.tail.got.index(interruption) + 1 :]
                assert not late, f"after the interruption came {[f.name for f in late]}"
            at = len(rig.tail.got)
            await rig.head.push_frame(LLMFullResponseStartFrame())
            for token in fresh_reply:
                await rig.head.push_frame(LLMTextFrame(token))
            await rig.head.push_frame(LLMFullResponseEndFrame())
            await asyncio.sleep(LONG_S)
            return "".join(f.text for f in rig.tail.got[at:] if isinstance(f, TextFrame))

    untouched = await reply_after([])
    for name, broken_off in BROKEN_OFF.items():
        assert await reply_after(broken_off()) == untouched, f"after an interruption {name}"


async def check_leaves_no_task(cls: type[FrameProcessor]) -> None:
    """The end of the call passes on, and nothing of the processor outlives it."""
    for broken_off in BROKEN_OFF.values():
        for cancelled in (False, True):
            before = asyncio.all_tasks()
            async with probed_pipeline(cls()) as rig:
                for frame in broken_off():
                    await rig.head.push_frame(frame)
                await rig.up(BotStartedSpeakingFrame(), BotStoppedSpeakingFrame())
                if cancelled:
                    await rig.worker.cancel()
                else:
                    await rig.worker.queue_frame(EndFrame())
                await asyncio.sleep(LONG_S)
                ends = [frame for frame in rig.tail.got if isinstance(frame, LIFECYCLE)][1:]
                assert len(ends) == 1, f"{len(ends)} ends came through"
                assert isinstance(ends[0], EndFrame) is not cancelled, f"came as {ends[0]}"
            left = asyncio.all_tasks() - before
            for task in left:
                task.cancel()
            assert not left, f"left running: {sorted(task.get_name() for task in left)}"


async def check_honest_about_audio(cls: type[FrameProcessor]) -> None:
    """Audio keeps its length in time, and unless it is consumed every byte and its rate."""
    async with probed_pipeline(cls()) as rig:
        sent = audio_frames()
        before = [(f.audio, f.sample_rate, f.num_channels) for f in map(as_audio, sent)]
        await rig.down(*sent)
        await asyncio.sleep(LONG_S)
        heard = [as_audio(frame) for frame in rig.tail.got if isinstance(frame, AudioRawFrame)]
        assert sum(map(seconds_of, heard)) == pytest.approx(
            sum(seconds_of(as_audio(frame)) for frame in sent), rel=0.01
        )
        by_id = {id(frame): frame for frame in heard}
        for frame, (audio, rate_hz, channels) in zip(sent, before, strict=True):
            if not isinstance(frame, consumed_by(cls)):
                now = by_id.get(id(frame))
                assert now is not None, f"{frame} did not arrive"
                assert now.sample_rate == rate_hz, f"{rate_hz} Hz now said to be {now.sample_rate}"
                assert now.num_channels == channels
                assert now.audio == audio, f"{frame} was changed"


def as_audio(frame: Any) -> Any:
    """Pipecat's audio frames are frames and, aside of that, audio."""
    assert isinstance(frame, AudioRawFrame)
    return frame


def seconds_of(frame: AudioRawFrame) -> float:
    """How long a frame plays, by what it says of itself."""
    return len(frame.audio) / 2 / frame.num_channels / frame.sample_rate


async def check_audio_passes_cheaply(cls: type[FrameProcessor]) -> None:
    """An audio frame costs few bytecodes more than in a processor that only passes frames."""
    cost = await bytecodes_per_audio_frame(cls) - await bytecodes_per_audio_frame(Passes)
    assert cost < MOST_BYTECODES_PER_AUDIO_FRAME, f"{cost:.0f} bytecodes per audio frame"


async def bytecodes_per_audio_frame(cls: type[FrameProcessor]) -> float:
    """What the whole process runs to get one audio frame through, observers included."""
    frames_sent = 20
    async with probed_pipeline(cls(), params=PipelineParams(enable_metrics=True)) as rig:
        kinds = [
            kind
            for kind in (InputAudioRawFrame, TTSAudioRawFrame)
            if not issubclass(kind, consumed_by(cls))
        ]
        if not kinds:
            return 0.0

        async def send(count: int) -> None:
            for _ in range(count):
                for kind in kinds:
                    await rig.down(kind(b"\x01\x02" * 320, 16000, 1))

        await rig.down(*mid_turn())
        await send(3)
        with counting_bytecodes() as counted:
            await send(frames_sent)
        return counted() / frames_sent / len(kinds)


@contextlib.contextmanager
def counting_bytecodes() -> Iterator[Callable[[], int]]:
    """Counts every bytecode that this thread runs in the block."""
    count = 0

    def trace(frame: types.FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        count += event == "opcode"
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        yield lambda: count
    finally:
        sys.settrace(previous)


Check = Callable[[type[FrameProcessor]], Awaitable[None]]
CONTRACT: dict[str, Check] = {
    "forwards what it does not consume, in order": check_forwards,
    "no system frame stands behind a slow one": check_system_frame_overtakes,
    "an interruption drops what it holds": check_interruption_drops,
    "the end leaves no task": check_leaves_no_task,
    "honest about sample rates": check_honest_about_audio,
    "audio passes cheaply": check_audio_passes_cheaply,
}


def run(check: Check, cls: type[FrameProcessor]) -> None:
    """Holds a class to one part of the contract."""

    @in_virtual_time
    async def checking() -> None:
        await check(cls)

    checking()


@pytest.mark.parametrize("part", CONTRACT)
@pytest.mark.parametrize("cls", processor_classes(), ids=lambda cls: cls.__name__)
def test_processor_holds_the_contract(cls: type[FrameProcessor], part: str) -> None:
    run(CONTRACT[part], cls)


@pytest.mark.parametrize("part", CONTRACT)
def test_processor_that_only_passes_frames_holds_the_contract(part: str) -> None:
    run(CONTRACT[part], Passes)


def test_processors_are_found() -> None:
    assert {"FillerWords", "StageLatency"} <= {cls.__name__ for cls in processor_classes()}


def test_nearly_every_frame_of_pipecat_is_tried() -> None:
    every, buildable = set(frame_classes()), set(buildable_frame_classes())
    missed = {kind.__name__ for kind in every - buildable}
    assert len(missed) <= 0.05 * len(every), f"cannot be built: {sorted(missed)}"


# Processors that break it -------------------------------------------------------------------------


class Swallows(Passes):
    """Keeps the metrics for itself."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, MetricsFrame):
            await FrameProcessor.process_frame(self, frame, direction)
        else:
            await super().process_frame(frame, direction)


class TurnsBack(FrameProcessor):
    """Sends everything downstream."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame)


class Stutters(Passes):
    """Passes speech twice."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSSpeakFrame):
            await self.push_frame(frame, direction)


class Overtakes(FrameProcessor):
    """Holds each image until the next data frame has passed."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[tuple[Frame, FrameDirection]] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, OutputImageRawFrame):
            self._held.append((frame, direction))
            return
        await self.push_frame(frame, direction)
        if not isinstance(frame, SystemFrame):
            while self._held:
                await self.push_frame(*self._held.pop())


class Queues(FrameProcessor):
    """Lets one frame through at a time, whichever it is."""

    def __init__(self) -> None:
        super().__init__()
        self._one_at_a_time = asyncio.Lock()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        async with self._one_at_a_time:
            await self.push_frame(frame, direction)


class Hoards(FrameProcessor):
    """Holds tokens until the reply ends, and does not know of interruptions."""

    consumes = (LLMTextFrame,)

    def __init__(self) -> None:
        super().__init__()
        self._text = ""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame):
            self._text += frame.text
            return
        if isinstance(frame, LLMFullResponseEndFrame):
            await self.push_frame(LLMTextFrame(self._text))
            self._text = ""
        await self.push_frame(frame, direction)


class SpeaksLater(Passes):
    """Says something ten seconds after a turn's end, whatever happens."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, UserStoppedSpeakingFrame):
            asyncio.get_running_loop().call_later(10, self._speak)

    def _speak(self) -> None:
        self.task = asyncio.create_task(self.push_frame(TTSSpeakFrame("Still there?")))


class LeavesTask(Passes):
    """Starts a task and forgets it."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, UserStoppedSpeakingFrame):
            self.task = asyncio.create_task(asyncio.Event().wait())


class SwallowsEnd(FrameProcessor):
    """Lets no call end by itself."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, EndFrame):
            await self.push_frame(frame, direction)


class LiesAboutRate(Passes):
    """Takes everything for telephone audio."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, AudioRawFrame):
            frame.sample_rate = 8000
        await super().process_frame(frame, direction)


class Silences(Passes):
    """Passes audio of the right length with nothing in it."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, AudioRawFrame):
            frame.audio = bytes(len(frame.audio))
        await super().process_frame(frame, direction)


class LooksAtEverySample(Passes):
    """Searches audio that it has no use for."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, AudioRawFrame):
            self.loudest = max(byte for byte in frame.audio)
        await super().process_frame(frame, direction)


@pytest.mark.parametrize(
    ("broken", "check", "complaint"),
    [
        (Swallows, check_forwards, "neither passed on nor declared.*MetricsFrame"),
        (TurnsBack, check_forwards, "turned back"),
        (Stutters, check_forwards, "twice or out of order"),
        (Overtakes, check_forwards, "twice or out of order"),
        (Hoards, check_interruption_drops, "after an interruption mid-sentence"),
        (SpeaksLater, check_interruption_drops, "after the interruption came .*TTSSpeakFrame"),
        (Queues, check_system_frame_overtakes, "stands behind"),
        (LeavesTask, check_leaves_no_task, "left running"),
        (SwallowsEnd, check_leaves_no_task, "0 ends|came as CancelFrame"),
        (LiesAboutRate, check_honest_about_audio, ""),
        (Silences, check_honest_about_audio, "was changed"),
        (LooksAtEverySample, check_audio_passes_cheaply, "bytecodes per audio frame"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_broken_processor_is_found_out(
    broken: type[FrameProcessor], check: Check, complaint: str
) -> None:
    with pytest.raises(AssertionError, match=complaint):
        run(check, broken)
