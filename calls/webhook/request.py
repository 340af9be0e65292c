"""One attempt to tell of one call, over HTTP."""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from calls.webhook.signature import HEADER, signature

_ANSWER_AT_MOST_S = 10.0


class NotTaken(Exception):
    """The receiver did not take it. The message says why, without what was sent."""


class Receiver:
    """The other end of the webhook.

    Parameters:
        url: Where calls are told of.
        secret: Signs what is sent.
    """

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close its connections."""
        if self._session:
            await self._session.close()

    async def tell(self, call_id: str, record: Mapping[str, Any], *, at_s: float) -> None:
        """Send the record of a call, signed at `at_s` (Unix time).

        Raises:
            NotTaken: unless it is answered with a status of 2xx within 10 s.
        """
        name = f"call-ended-{call_id}"
        content = {"id": name, "type": "call.ended", "call": record}
        body = json.dumps(content, ensure_ascii=False, default=str).encode()
        headers = {
            "Content-Type": "application/json",
            # The same for every attempt: a receiver that has seen it takes it and does nothing.
            "Idempotency-Key": name,
            HEADER: signature(body, self._secret, at_s=int(at_s)),
        }
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_ANSWER_AT_MOST_S)
            self._session = aiohttp.ClientSession(
                timeout=timeout, headers={"User-Agent": "Switchboard"}
            )
        try:
            # A redirected POST would become a GET somewhere else.
            async with self._session.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Messages of aiohttp name the URL, which may hold a secret.
            raise NotTaken(type(error).__name__) from None
        if not 200 <= status < 300:
            raise NotTaken(f"status {status}")
