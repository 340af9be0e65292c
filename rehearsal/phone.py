"""A telephone on Twilio's network: dials a voice webhook and holds the call that follows.

    async with TwilioPhone(auth_token=token, account_sid=sid) as phone:
        await phone.dial("http://127.0.0.1:7860/twilio/voice?bot=receptionist")
        await phone.wait_for_answer()
        await phone.say(pcm)

All times are seconds since the media stream started; both tracks begin there.
"""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Self

import aiohttp
from twilio.request_validator import RequestValidator
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from rehearsal import mulaw
from rehearsal.audible import Span
from rehearsal.media_stream import (
    Clear,
    Mark,
    Media,
    ProtocolError,
    StreamWriter,
    parse,
)
from rehearsal.mouth import QUIET_LINE_DBFS, Mouth
from rehearsal.mulaw import Pcm
from rehearsal.playout import FRAME_MS, Playout
from rehearsal.twilio_rest import CallUpdate
from rehearsal.twiml import Connect, Dial, Hangup, Pause, Reject, Say, Verb, parse_twiml

EndedBy = Literal["", "caller", "server", "rest"]

_WEBHOOK_TIMEOUT_S = 15  # Twilio's own


class CallFailed(RuntimeError):
    """No conversation came about; the message says why."""


class WebhookRefused(CallFailed):
    """The voice webhook answered with an error."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"The voice webhook answered {status}: {body.strip()[:300]}")
        self.status = status
        self.body = body


class TurnedAway(CallFailed):
    """The TwiML held no stream: the caller was told something, or nothing, and it rang off."""

    def __init__(self, announcement: str) -> None:
        super().__init__(f"The call was turned away: {announcement or 'nothing was said'}")
        self.announcement = announcement


class StreamRefused(CallFailed):
    """The media WebSocket was not accepted."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The media stream was refused: {reason}")


class TwilioPhone:
    """One telephone for one call. Leaving the context hangs up and leaves no task behind."""

    def __init__(
        self,
        *,
        auth_token: str,
        account_sid: str | None = None,
        number: str = "+15005550100",
        noise_dbfs: float = QUIET_LINE_DBFS,
    ) -> None:
        self.account_sid = account_sid or "AC" + secrets.token_hex(16)
        self.call_sid = "CA" + secrets.token_hex(16)
        self.stream_sid = "MZ" + secrets.token_hex(16)
        self.number = number
        self.ended = asyncio.Event()
        self.ended_by: EndedBy = ""
        self.announcements: list[str] = []
        self.forwarded_to: str | None = None
        self.stream_url = ""
        self.refused_messages: list[str] = []
        self.digits_sent = ""
        self.mouth = Mouth(noise_dbfs=noise_dbfs)
        self._validator = RequestValidator(auth_token)
        self._playout: Playout | None = None
        self._socket: ClientConnection | None = None
        self._writer: StreamWriter | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._after_stream: list[Verb] = []
        self._tick = asyncio.Condition()
        self._webhook_url = ""
        self._to = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.hang_up()
        await self.ended.wait()

    @property
    def over(self) -> bool:
        """The call is ending or has ended; `ended` is set once all is closed."""
        return bool(self.ended_by)

    @property
    def playout(self) -> Playout:
        if self._playout is None:
            raise RuntimeError("The telephone is not in a call.")
        return self._playout

    @property
    def now_s(self) -> float:
        return self.playout.now_s

    async def dial(
        self,
        webhook_url: str,
        *,
        to: str = "+15005550006",
        signed_as: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Call the number behind the webhook; returns when the media stream has started.

        `signed_as`: the URL that the signature covers, where it is not the one requested (the
        public address in front of a proxy). `headers`: further ones, such as a proxy's.

        Raises:
            WebhookRefused: the webhook answered with an HTTP error.
            TurnedAway: the TwiML has no stream, for instance "all lines are busy".
            TwimlError: the TwiML is not valid.
            StreamRefused: the WebSocket was not accepted.
        """
        self._webhook_url, self._to = signed_as or webhook_url, to
        verbs = await self._fetch_twiml(webhook_url, self._webhook_url, "ringing", headers or {})
        stream = await self._run_until_stream(verbs)
        if stream is None:
            await self._end("server")
            raise TurnedAway(" ".join(self.announcements))
        await self._open_stream(stream)

    async def say(self, pcm: Pcm) -> Span:
        """Speak 8 kHz samples; returns, when they are spoken, where the true speech lay.

        Raises ConnectionError if the call ends meanwhile.
        """
        if self.over:
            raise ConnectionError("The call has ended.")
        try:
            return await self.mouth.say(pcm)
        except asyncio.CancelledError:
            if self.over and not _being_cancelled():
                raise ConnectionError("The call ended while the caller spoke.") from None
            raise

    async def press(self, digits: str) -> None:
        """Press keys one after the other, as long apart as quick fingers are."""
        for digit in digits:
            if self.over:
                raise ConnectionError("The call has ended.")
            if digit == "w":  # Twilio's sign for half a second's wait
                await self._until_s(self.now_s + 0.5)
                continue
            await self._send(self._stream_writer.dtmf(digit))
            self.digits_sent += digit
            await self._until_s(self.now_s + 0.12)

    async def wait_until_heard(self, *, after_s: float = 0.0, timeout_s: float = 8.0) -> float:
        """When the bot is first heard after the moment. Raises TimeoutError, ConnectionError."""
        deadline_s = max(after_s, self.now_s) + timeout_s
        while True:
            # The cheap question first: the exact one looks at the whole track.
            if self.playout.silent_for_ms(since_s=after_s) is not None:
                heard_s = self.playout.first_audible_after(after_s)
                if heard_s is not None:
                    return heard_s
            self._raise_if_over(deadline_s, f"The bot said nothing for {timeout_s:g} s.")
            await self._next_tick()

    async def wait_for_answer(
        self,
        *,
        after_s: float = 0.0,
        quiet_ms: float = 900,
        timeout_s: float = 8.0,
        longest_s: float = 90.0,
    ) -> Span:
        """Wait until the bot was heard after the moment and has then been silent for `quiet_ms`.

        Returns the span from its first to its last audible sample. If the call ends after
        something was heard, that is the answer.

        Raises:
            TimeoutError: nothing was heard for `timeout_s`, or it went on beyond `longest_s`.
            ConnectionError: the call ended before anything was heard.
        """
        first_s = await self.wait_until_heard(after_s=after_s, timeout_s=timeout_s)
        while not self.over:
            silent_ms = self.playout.silent_for_ms(since_s=after_s)
            if silent_ms is not None and silent_ms >= quiet_ms:
                break
            if self.now_s > first_s + longest_s:
                raise TimeoutError(f"The bot has been speaking for {longest_s:g} s.")
            await self._next_tick()
        return Span(first_s, self.playout.spans()[-1].end_s)

    async def wait(self, seconds: float) -> None:
        """Stay on the line for a while; returns early when the call ends."""
        await self._until_s(self.now_s + seconds)

    async def hang_up(self, *, abrupt: bool = False) -> None:
        """Put the receiver down. `abrupt`: the connection is reset without a word."""
        await self._end("caller", abrupt=abrupt)

    async def updated(self, update: CallUpdate) -> None:
        """The server changed this call through the REST API: end it, or follow new TwiML."""
        if update.status == "completed":
            await self._end("rest")
            return
        if update.twiml:
            verbs = parse_twiml(update.twiml)
        else:
            verbs = await self._fetch_twiml(update.url, update.url, "in-progress", {})
        self._after_stream = verbs
        await self._end("rest")

    def tracks(self) -> tuple[Pcm, Pcm]:
        """Caller and bot as played, 8 kHz, in step, of equal length."""
        caller, bot = self.mouth.track(), self.playout.track()
        common = min(caller.size, bot.size)
        return caller[:common], bot[:common]

    @property
    def _stream_writer(self) -> StreamWriter:
        if self._writer is None:
            raise RuntimeError("The telephone is not in a call.")
        return self._writer

    async def _fetch_twiml(
        self, url: str, signed_url: str, status: str, headers: Mapping[str, str]
    ) -> list[Verb]:
        form = {
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": self.call_sid,
            "CallStatus": status,
            "Called": self._to,
            "Caller": self.number,
            "Direction": "inbound",
            "From": self.number,
            "FromCountry": "US",
            "To": self._to,
            "ToCountry": "US",
        }
        signature = self._validator.compute_signature(signed_url, form)
        sent = {"X-Twilio-Signature": signature, "User-Agent": "TwilioProxy/1.1", **headers}
        timeout = aiohttp.ClientTimeout(total=_WEBHOOK_TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(url, data=form, headers=sent) as response,
            ):
                body = await response.text()
                if response.status >= 400:
                    raise WebhookRefused(response.status, body)
                return parse_twiml(body)
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            raise CallFailed(f"The voice webhook could not be reached: {reason}") from error

    async def _run_until_stream(self, verbs: list[Verb]) -> Connect | None:
        for position, verb in enumerate(verbs):
            match verb:
                case Connect():
                    self._after_stream = verbs[position + 1 :]
                    return verb
                case Say(text):
                    self.announcements.append(text)
                case Dial(number):
                    self.forwarded_to = number
                    return None
                case Hangup() | Reject():
                    return None
                case Pause():
                    pass
        return None

    async def _open_stream(self, stream: Connect) -> None:
        self.stream_url = stream.url
        signature = self._validator.compute_signature(stream.url, {})
        try:
            self._socket = await connect(
                stream.url,
                additional_headers={"X-Twilio-Signature": signature},
                user_agent_header="Twilio.TmeWs/1.0",
                compression=None,
                max_size=2**20,
                proxy=None,
                close_timeout=2,
            )
        except (OSError, InvalidHandshake, InvalidMessage, TimeoutError) as error:
            await self._end("server")
            raise StreamRefused(str(error)) from error
        self._writer = StreamWriter(
            stream_sid=self.stream_sid,
            call_sid=self.call_sid,
            account_sid=self.account_sid,
            custom_parameters=stream.parameters,
        )
        await self._send(self._writer.connected())
        await self._send(self._writer.start())
        self._playout = Playout(asyncio.get_running_loop().time)
        self._tasks = [
            asyncio.create_task(self._keep_time(), name="phone-time"),
            asyncio.create_task(self._listen(self._socket), name="phone-listen"),
        ]

    async def _keep_time(self) -> None:
        """Every 20 ms by absolute deadline: play a frame, send the one just spoken."""
        playout, writer = self.playout, self._stream_writer
        frame = 0
        while not self.over:
            frame += 1
            await asyncio.sleep(frame * FRAME_MS / 1000 - playout.now_s)
            spoken = mulaw.encode(self.mouth.next_frame())
            if not await self._send(writer.media(spoken, at_ms=(frame - 1) * FRAME_MS)):
                return
            for name in playout.take_marks():
                await self._send(writer.mark(name))
            async with self._tick:
                self._tick.notify_all()

    async def _listen(self, connection: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in connection:
                try:
                    message = parse(text, stream_sid=self.stream_sid)
                except ProtocolError as error:
                    self.refused_messages.append(str(error))
                    continue
                match message:
                    case Media(mulaw=audio):
                        self.playout.receive(audio)
                    case Mark(name=name):
                        self.playout.mark(name)
                    case Clear():
                        self.playout.clear()
        await self._end("server")

    async def _send(self, text: str) -> bool:
        if self._socket is None:
            return False
        try:
            await self._socket.send(text)
        except ConnectionClosed:
            return False
        return True

    async def _end(self, by: EndedBy, *, abrupt: bool = False) -> None:
        if self.over:
            return
        self.ended_by = by
        try:
            if self._playout is not None:
                self._playout.stop()
            self.mouth.be_quiet()
            others = [task for task in self._tasks if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await self._close_socket(say_stop=by != "server" and not abrupt, abrupt=abrupt)
            if by != "caller":
                await self._run_until_stream(self._after_stream)
        finally:
            self.ended.set()
            async with self._tick:
                self._tick.notify_all()

    async def _close_socket(self, *, say_stop: bool, abrupt: bool) -> None:
        if self._socket is None:
            return
        if abrupt:
            _reset(self._socket)
        elif say_stop:
            await self._send(self._stream_writer.stop())
        await self._socket.close()

    async def _next_tick(self) -> None:
        async with self._tick:
            if not self.over:
                await self._tick.wait()

    async def _until_s(self, moment_s: float) -> None:
        while self.now_s < moment_s and not self.over:
            await self._next_tick()

    def _raise_if_over(self, deadline_s: float, sentence: str) -> None:
        if self.over:
            raise ConnectionError("The call ended before the bot said anything.")
        if self.now_s > deadline_s:
            raise TimeoutError(sentence)


def _reset(connection: ClientConnection) -> None:
    """Send RST instead of FIN, as when a network drops."""
    raw = connection.transport.get_extra_info("socket")
    if raw is not None:
        linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    connection.transport.abort()


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
