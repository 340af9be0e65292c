"""The way a call comes in: from a runner's arguments to a Pipecat transport."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from pipecat.runner.types import (
    CallData,
    DailyRunnerArguments,
    RunnerArguments,
    SmallWebRTCRunnerArguments,
    WebSocketRunnerArguments,
)
from pipecat.runner.utils import create_transport
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.transports.daily.transport import DailyParams
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport

from calls.barge_in.ahead import Clear
from calls.barge_in.hold import Hold
from calls.marks import Marks
from calls.recording.tap import Tap
from calls.still_speaking import say_seldom
from calls.twilio_audio import Heard, TwilioSerializer, clear_message
from calls.web_audio.ear import hear_promptly
from calls.web_audio.mouth import speak_encoded
from services.at_once import hear_at_once

ChannelName = Literal["web", "daily", "phone", "eval"]

AUDIO_IN_HZ = 16_000
TELEPHONE_HZ = 8_000
WEB_AUDIO_OUT_HZ = 24_000

# After the last words: what is still on its way to the caller's ear has time to be played.
END_SILENCE_S = 1


@dataclass(frozen=True)
class Channel:
    """One call's way in and out.

    Parameters:
        name: The kind of call.
        transport: Where its audio comes from and goes to.
        audio_out_hz: The rate that leaves the transport, so that speech is resampled once.
        caller: The caller's number, "" where there is none.
        call_sid: Twilio's name of the call, "" elsewhere.
        stream_sid: Twilio's name of its audio stream, "" elsewhere.
        marks: Tells when the phone has played what was sent; only under this server.
        hold: Of the audio that is about to go out.
        tap: Hears what comes in and what really goes out.
    """

    name: ChannelName
    transport: BaseTransport
    audio_out_hz: int
    caller: str = ""
    call_sid: str = ""
    stream_sid: str = ""
    marks: Marks | None = None
    hold: Hold = field(default_factory=Hold)
    tap: Tap = field(default_factory=Tap)

    @property
    def shows(self) -> bool:
        """Whether the caller has a page that shows what happens."""
        return self.name != "phone"

    @property
    def audio_in_hz(self) -> int:
        """The rate that the caller is heard at.

        A telephone's own: a resampler of streams holds audio back for 50 to 100 ms and gives it in
        bursts, and adds nothing to be heard. What needs 16 kHz, as the model of turns does, makes
        that of a whole stretch of speech.
        """
        return TELEPHONE_HZ if self.name == "phone" else AUDIO_IN_HZ


async def open_channel(args: RunnerArguments) -> Channel:
    """The channel of a call, under this server or under any of Pipecat's runners.

    Raises:
        ValueError: for a kind of call that no bot here can take.
    """
    channel = await _channel(args)
    output = channel.transport.output()
    if isinstance(output, BaseOutputTransport):
        channel.tap.at_output(output)
        channel.hold.at(output, clear=_clear_of(channel, output))
        say_seldom(output)
    incoming = channel.transport.input()
    if isinstance(incoming, BaseInputTransport):
        hear_at_once(incoming)
        channel.tap.at_input(incoming)
    return channel


def _clear_of(channel: Channel, output: BaseOutputTransport) -> Clear | None:
    """What has the caller's side drop the audio that it has not played; None: nothing does."""
    if not channel.stream_sid:
        return None

    async def clear(behind_s: float) -> None:
        if channel.marks:
            channel.marks.cleared_s = asyncio.get_running_loop().time()
        channel.tap.cut(behind_s)
        await output.send_message(clear_message(channel.stream_sid))

    return clear


async def _channel(args: RunnerArguments) -> Channel:
    match args:
        case WebSocketRunnerArguments(transport_type="twilio") if args.call_data:
            return _twilio(args)
        case WebSocketRunnerArguments():
            transport = await create_transport(args, _PARAMS)
            data = args.call_data
            if args.transport_type == "twilio" and data:
                return _phone(transport, data)
            return Channel("eval", transport, WEB_AUDIO_OUT_HZ)
        case DailyRunnerArguments():
            return Channel("daily", await create_transport(args, _PARAMS), WEB_AUDIO_OUT_HZ)
        case SmallWebRTCRunnerArguments():
            hear_promptly(args.webrtc_connection)
            speak_encoded(args.webrtc_connection)
            return Channel("web", await create_transport(args, _PARAMS), WEB_AUDIO_OUT_HZ)
        case _:
            raise ValueError(f"Switchboard's bots take no {type(args).__name__} calls.")


def _twilio(args: WebSocketRunnerArguments) -> Channel:
    data = args.call_data
    assert data is not None
    params = _websocket()
    # Closing the socket ends the call: nothing follows <Connect> in the TwiML. Hanging up by
    # REST as well would cut a call that was handed to a person.
    params.serializer = TwilioSerializer(
        getattr(args.websocket.state, "heard", None) or Heard(),
        stream_sid=data.stream_id or "",
        call_sid=data.call_id,
        params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
    )
    transport = FastAPIWebsocketTransport(websocket=args.websocket, params=params)
    return _phone(transport, data, marks=getattr(args.websocket.state, "marks", None))


def _phone(transport: BaseTransport, data: CallData, marks: Marks | None = None) -> Channel:
    return Channel(
        "phone",
        transport,
        TELEPHONE_HZ,
        caller=data.from_number or "",
        call_sid=data.call_id or "",
        stream_sid=data.stream_id or "",
        marks=marks,
    )


def _web() -> TransportParams:
    return TransportParams(
        audio_in_enabled=True, audio_out_enabled=True, audio_out_end_silence_secs=END_SILENCE_S
    )


def _daily() -> DailyParams:
    return DailyParams(
        audio_in_enabled=True, audio_out_enabled=True, audio_out_end_silence_secs=END_SILENCE_S
    )


def _websocket() -> FastAPIWebsocketParams:
    # Who may connect is decided before the socket is accepted; a telephone sends no Origin.
    return FastAPIWebsocketParams(
        audio_in_enabled=True,
        audio_out_enabled=True,
        # Each message costs the whole way out, and Pipecat's are of 40 ms. The first sound waits
        # until one is full, so they are not longer still.
        audio_out_10ms_chunks=6,
        audio_out_end_silence_secs=END_SILENCE_S,
        allowed_origins=[],
    )


def _eval() -> TransportParams:
    from pipecat.evals.transport import EvalTransportParams

    return EvalTransportParams(audio_in_enabled=True, audio_out_enabled=True)


_PARAMS = {
    "webrtc": _web,
    "daily": _daily,
    "twilio": _websocket,
    "websocket": _websocket,
    "eval": _eval,
}
