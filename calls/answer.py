"""Answering a call: from a runner's arguments to the last word."""

import asyncio
import uuid
from datetime import UTC, datetime

from loguru import logger
from pipecat.frames.frames import Frame, LLMMessagesAppendFrame, TTSSpeakFrame
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frameworks.rtvi import RTVIFunctionCallReportLevel, RTVIObserverParams
from pipecat.runner.types import RunnerArguments
from pipecat.workers.runner import WorkerRunner

from calls.bot import Bot
from calls.call import Call
from calls.channel import Channel, open_channel
from calls.notices import notice
from calls.observing import tell_those_who_look
from calls.on_air import ON_AIR
from calls.record import record_of
from calls.redaction import Redactor
from calls.repertoire import repertoire_of
from calls.spare_phrases import SPARE_PHRASES
from calls.tracing.tracing import trace_calls, traced
from calls.waiting import wait_without_tasks
from processors.spoken_text import SpokenText
from services.choice import Choices, choose
from settings import Settings

# A page says when it is ready to show words. A client that never does is greeted all the same.
_GREET_AT_LATEST_S = 1.5

SERVER_STOPPED = "the server stopped"

GREET = "The caller is on the line. Greet them in one short sentence and offer your help."


async def answer(
    bot: Bot,
    args: RunnerArguments,
    settings: Settings | None = None,
    choices: Choices | None = None,
) -> None:
    """Run one call of `bot` until it is over.

    Parameters:
        bot: Who answers.
        args: From this server, or from any of Pipecat's runners.
        settings: Of the process; read from the environment under Pipecat's runners.
        choices: Of the process; made from the settings under Pipecat's runners.

    Raises:
        SettingsError: when the settings are wrong.
    """
    started = datetime.now(UTC)
    wait_without_tasks()
    settings = settings or Settings.load()
    call_id = args.session_id or uuid.uuid4().hex
    redactor = Redactor(settings.keeps or bot.keeps)
    with logger.contextualize(call=call_id[:8], redactor=redactor):
        channel = await open_channel(args)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        choices = choices or choose(settings)
        call = Call(
            call_id,
            bot=bot,
            channel=channel,
            choices=choices,
            settings=settings,
            record=record_of(settings, call_id, redactor=redactor),
            redactor=redactor,
            repertoire=await repertoire_of(bot, choices, settings),
        )
        await call.recall_caller()
        await SPARE_PHRASES.make(bot.spare_words.greeting_with(bot.greeting), channel.audio_out_hz)
        trace_calls(settings)
        call.record.opened(**call.described(), **call.opening(started))
        logger.info(f"{bot.name} answers a {channel.name} call")
        try:
            with ON_AIR.while_it_runs(call):
                await _run(call, channel, args)
        except asyncio.CancelledError:
            call.record.ending(SERVER_STOPPED, "operator")
            raise
        except Exception as error:
            call.record.ending(f"{type(error).__name__}: {error}", "error")
            raise
        finally:
            call.events.closing()
            call.record.closed()
            await call.over()


async def _run(call: Call, channel: Channel, args: RunnerArguments) -> None:
    pipeline = await call.bot.build(call)
    tracing = traced(call.id)
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(
            audio_in_sample_rate=channel.audio_in_hz,
            audio_out_sample_rate=channel.audio_out_hz,
            enable_metrics=True,
            enable_usage_metrics=True,
        ),
        rtvi_observer_params=RTVIObserverParams(
            function_call_report_level={"*": RTVIFunctionCallReportLevel.NAME},
            # What it passes on are the model's own words, which were reported already.
            ignored_sources=[p for p in pipeline.processors if isinstance(p, SpokenText)],
        ),
        app_resources=call,
        # A telephone shows nothing, and each observer is told of every frame.
        enable_rtvi=channel.shows,
        enable_turn_tracking=bool(tracing),
        idle_timeout_secs=args.pipeline_idle_timeout_secs,
        **tracing,
    )
    tell_those_who_look(worker)
    call.runs_in(worker)
    call.say_in_advance()
    _greet_and_part(call, channel, worker)
    runner = WorkerRunner(handle_sigint=args.handle_sigint, handle_sigterm=args.handle_sigterm)
    await runner.add_workers(worker)
    await runner.run()


def _first_words(bot: Bot, recording_notice: str = "") -> list[Frame]:
    """The notices, and the bot's greeting or else a request to the model for one."""
    first: list[Frame] = [notice(text) for text in (recording_notice, bot.notice) if text]
    if bot.greeting:
        return [*first, TTSSpeakFrame(bot.greeting)]
    greet = LLMMessagesAppendFrame([{"role": "developer", "content": GREET}], run_llm=True)
    return [*first, greet]


def _greet_and_part(call: Call, channel: Channel, worker: PipelineWorker) -> None:
    ready = asyncio.Event()

    if channel.shows:

        @worker.rtvi.event_handler("on_client_ready")
        async def on_client_ready(_: object) -> None:
            await call.show({"type": "call", **call.described()})
            ready.set()

    @channel.transport.event_handler("on_client_connected")
    async def on_client_connected(*_: object) -> None:
        if channel.name in ("web", "daily"):
            try:
                await asyncio.wait_for(ready.wait(), _GREET_AT_LATEST_S)
            except TimeoutError:
                logger.info("The client shows no words; greeting it all the same.")
        await worker.queue_frames(_first_words(call.bot, call.recording_notice))

    @channel.transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(*_: object) -> None:
        await call.caller_left()
