"""Pipecat's documented phone bot, with its documented failover, for comparison.

Deepgram, OpenAI and Cartesia, each with a backup in Pipecat's own service switcher and its
failover strategy; context aggregators with Silero VAD and Pipecat's default turn strategies. It is
run by Pipecat's development runner:

    python -m rehearsal.stock_bot --host 127.0.0.1 --port 7861 -t twilio -x HOST

Every service is given its address where it is not the provider's own; otherwise all is default.
"""

import os
from typing import Any

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.llm_switcher import LLMSwitcher
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import ServiceSwitcher, ServiceSwitcherStrategyFailover
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.runner.types import RunnerArguments, WebSocketRunnerArguments
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.assemblyai.stt import AssemblyAISTTService
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.elevenlabs.tts import ElevenLabsTTSService
from pipecat.services.groq.llm import GroqLLMService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.websocket.fastapi import (
    FastAPIWebsocketParams,
    FastAPIWebsocketTransport,
)
from pipecat.workers.runner import WorkerRunner

from rehearsal.faults.census import count_on_signal
from rehearsal.faults.script import INSTRUCTIONS
from rehearsal.faults.tool import find_order

CARTESIA_VOICE = "71a7ad14-091c-4e8e-a314-022ece01c121"
ELEVENLABS_VOICE = "EXAVITQu4vr4xnSDxMaL"


def _key(provider: str) -> str:
    return os.environ[f"{provider}_API_KEY"]


def _url(provider: str, scheme: str, path: str = "") -> str:
    address = os.environ[f"{provider}_BASE_URL"]
    return address.replace("http", scheme, 1) + path


def ears() -> ServiceSwitcher:
    """Speech-to-text: Deepgram, then AssemblyAI."""
    return ServiceSwitcher(
        [
            DeepgramSTTService(api_key=_key("DEEPGRAM"), base_url=_url("DEEPGRAM", "ws")),
            AssemblyAISTTService(
                api_key=_key("ASSEMBLYAI"),
                api_endpoint_base_url=_url("ASSEMBLYAI", "ws", "/v3/ws"),
            ),
        ],
        ServiceSwitcherStrategyFailover,
    )


def model() -> LLMSwitcher:
    """The language model: OpenAI, then Groq."""
    models: list[Any] = [
        OpenAILLMService(
            api_key=_key("OPENAI"),
            base_url=_url("OPENAI", "http", "/v1"),
            settings=OpenAILLMService.Settings(system_instruction=INSTRUCTIONS),
        ),
        GroqLLMService(
            api_key=_key("GROQ"),
            base_url=_url("GROQ", "http", "/openai/v1"),
            settings=GroqLLMService.Settings(system_instruction=INSTRUCTIONS),
        ),
    ]
    return LLMSwitcher(models, ServiceSwitcherStrategyFailover)


def voice() -> ServiceSwitcher:
    """Text-to-speech: Cartesia, then ElevenLabs."""
    return ServiceSwitcher(
        [
            CartesiaTTSService(
                api_key=_key("CARTESIA"),
                url=_url("CARTESIA", "ws", "/tts/websocket"),
                settings=CartesiaTTSService.Settings(voice=CARTESIA_VOICE),
            ),
            ElevenLabsTTSService(
                api_key=_key("ELEVENLABS"),
                url=_url("ELEVENLABS", "ws"),
                settings=ElevenLabsTTSService.Settings(voice=ELEVENLABS_VOICE),
            ),
        ],
        ServiceSwitcherStrategyFailover,
    )


async def run_bot(transport: BaseTransport, runner_args: RunnerArguments) -> None:
    """Hold one conversation."""
    context = LLMContext(tools=[find_order])
    aggregators = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    pipeline = Pipeline(
        [
            transport.input(),
            ears(),
            aggregators.user(),
            model(),
            voice(),
            transport.output(),
            aggregators.assistant(),
        ]
    )
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(
            audio_in_sample_rate=8000,
            audio_out_sample_rate=8000,
            enable_metrics=True,
            enable_usage_metrics=True,
        ),
        idle_timeout_secs=runner_args.pipeline_idle_timeout_secs,
    )

    @transport.event_handler("on_client_connected")
    async def on_client_connected(*_: object) -> None:
        context.add_message({"role": "developer", "content": "Greet the caller."})
        await worker.queue_frames([LLMRunFrame()])

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(*_: object) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=runner_args.handle_sigint)
    await runner.add_workers(worker)
    await runner.run()


async def bot(runner_args: RunnerArguments) -> None:
    """Pipecat's entry point."""
    assert isinstance(runner_args, WebSocketRunnerArguments)
    _, call_data = await parse_telephony_websocket(runner_args.websocket)
    serializer = TwilioFrameSerializer(
        stream_sid=call_data["stream_id"],
        call_sid=call_data["call_id"],
        account_sid=os.environ["TWILIO_ACCOUNT_SID"],
        auth_token=os.environ["TWILIO_AUTH_TOKEN"],
        base_url=os.environ.get("TWILIO_BASE_URL"),
    )
    transport = FastAPIWebsocketTransport(
        websocket=runner_args.websocket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            add_wav_header=False,
            serializer=serializer,
        ),
    )
    await run_bot(transport, runner_args)


if __name__ == "__main__":
    from pipecat.runner.run import main

    count_on_signal()
    main()
