"""Who is signed in: a signed cookie, so that a restart signs nobody out."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

SESSION_S = 12 * 3600

_NAME_AT_MOST = 60
_COOKIE_AT_MOST = 1000


@dataclass(frozen=True)
class Session:
    """One sign-in.

    Parameters:
        who: For the access log.
        expires_s: In seconds of the epoch.
        nonce: Names the session; nothing can be told from it.
    """

    who: str
    expires_s: int
    nonce: str


class Sessions:
    """Makes and reads the cookie `<session>.<signature>`. Another token signs everybody out.

    Parameters:
        secret: What the signatures are made with.
        now: Seconds of the epoch.
    """

    def __init__(self, secret: str, *, now: Callable[[], float] = time.time) -> None:
        self._key = hmac.digest(secret.encode(), b"switchboard operator session 1", hashlib.sha256)
        self._now = now
        self._over: dict[str, int] = {}

    def begin(self, who: str) -> tuple[Session, str]:
        """A new session and its cookie's value."""
        expires_s = int(self._now()) + SESSION_S
        session = Session(who.strip()[:_NAME_AT_MOST], expires_s, secrets.token_urlsafe(12))
        content = json.dumps([session.who, session.expires_s, session.nonce]).encode()
        return session, f"{_in_base64(content)}.{self._signature(content)}"

    def read(self, cookie: str) -> Session | None:
        """The session of a cookie. None when it is forged, expired or was ended."""
        body, _, signature = cookie[:_COOKIE_AT_MOST].partition(".")
        try:
            content = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        except (binascii.Error, ValueError):
            return None
        if not same(signature, self._signature(content)):
            return None
        session = Session(*json.loads(content))
        over = session.expires_s <= self._now() or session.nonce in self._over
        return None if over else session

    def end(self, session: Session) -> None:
        """The cookie of this session is no longer accepted by this process."""
        self._over = {n: until for n, until in self._over.items() if until > self._now()}
        self._over[session.nonce] = session.expires_s

    def csrf_token(self, nonce: str) -> str:
        """What every changing request of a session has to carry."""
        return self._signature(b"csrf " + nonce.encode())

    def _signature(self, content: bytes) -> str:
        return _in_base64(hmac.digest(self._key, content, hashlib.sha256))


def same(one: str, other: str) -> bool:
    """Compare two secrets in a time that tells nothing of them."""
    return hmac.compare_digest(one.encode(), other.encode())


def _in_base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
