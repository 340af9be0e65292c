"""Signing a webhook's body, so that its receiver knows whose it is and when it was sent."""

import hashlib
import hmac

HEADER = "Switchboard-Signature"

# A receiver that takes older ones can be sent the same again by somebody who listened.
_TOLERANCE_S = 300


def signature(body: bytes, secret: str, *, at_s: int) -> str:
    """The value of `HEADER`: `t=<Unix time>,v1=<hexadecimal HMAC-SHA256 of "t.body">`."""
    return f"t={at_s},v1={_hmac(body, secret, str(at_s))}"


def is_genuine(
    body: bytes, header: str, secret: str, *, now_s: float, tolerance_s: float = _TOLERANCE_S
) -> bool:
    """Whether a receiver may believe a body; what a receiver in Python would do.

    Parameters:
        body: As it came, before it is parsed.
        header: The value of `HEADER`.
        secret: `CALL_WEBHOOK_SECRET`.
        now_s: Unix time.
        tolerance_s: The oldest, and the furthest ahead, that is taken.
    """
    pairs = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name.strip() == "t"]
    given = [value for name, _, value in pairs if name.strip() == "v1"]
    if len(times) != 1 or not times[0].isdecimal() or abs(now_s - int(times[0])) > tolerance_s:
        return False
    expected = _hmac(body, secret, times[0]).encode()
    return any(hmac.compare_digest(expected, each.encode()) for each in given)


def _hmac(body: bytes, secret: str, at: str) -> str:
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
