"""One-time tokens that let a phone's audio in: each for one call, for a short while."""

import asyncio
import secrets
from dataclasses import dataclass

from calls.bot import Bot
from server.lines import Line

TOKEN_LIFE_S = 30.0


@dataclass(frozen=True)
class AwaitedStream:
    """The audio that a call's TwiML asked Twilio to send.

    Parameters:
        call_sid: The call that the token is for, and no other.
        bot: Who answers.
        caller: The caller's number.
        called: The number that was called.
        line: Kept for the call since its webhook.
    """

    call_sid: str
    bot: Bot
    caller: str
    called: str
    line: Line


class StreamTokens:
    """Tokens that were given out and not used yet. An expired one frees its line."""

    def __init__(self, life_s: float = TOKEN_LIFE_S) -> None:
        self._life_s = life_s
        self._awaited: dict[str, tuple[AwaitedStream, asyncio.TimerHandle]] = {}

    def issue(self, stream: AwaitedStream) -> str:
        token = secrets.token_urlsafe(24)
        expiry = asyncio.get_running_loop().call_later(self._life_s, self._expire, token)
        self._awaited[token] = (stream, expiry)
        return token

    def redeem(self, token: str) -> AwaitedStream | None:
        """What the token is for, once. None when it is unknown, used or expired."""
        stream, expiry = self._awaited.pop(token, (None, None))
        if expiry:
            expiry.cancel()
        return stream

    def _expire(self, token: str) -> None:
        stream, _ = self._awaited.pop(token, (None, None))
        if stream:
            stream.line.release()
