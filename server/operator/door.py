"""Who may look at calls: this machine, who signed in, or who a trusted proxy names."""

import secrets
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request, Response
from starlette.requests import HTTPConnection

from server.operator.attempts import Attempts
from server.operator.sessions import Session, Sessions, same
from server.operator.whence import address_of, is_one_of, is_own_page, is_this_machine
from settings import Settings, SettingsError, is_loopback

COOKIE = "switchboard_operator"
CSRF_HEADER = "X-CSRF-Token"
HERE = "http://127.0.0.1"

# The session of those who need none; its changing requests carry a token all the same.
_WITHOUT_SIGN_IN = "without sign-in"
_OTHER_SITES = ("cross-site", "same-site")
_CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True)
class Visitor:
    """Somebody who may look.

    Parameters:
        who: For the access log.
        csrf_token: What their changing requests have to carry; "" where none is needed.
        session: None where nobody had to sign in here.
    """

    who: str
    csrf_token: str = ""
    session: Session | None = None


class NotSignedIn(Exception):
    """Signing in would help. The message says how."""


class NoEntry(Exception):
    """Signing in would not help. The message says what would."""


class Door:
    """Lets operators in.

    Parameters:
        settings: Of the process.
        sessions, attempts: With clocks of their own; only tests give them.

    Raises:
        SettingsError: when the server would show its calls to everybody.
    """

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions | None = None,
        attempts: Attempts | None = None,
    ) -> None:
        self.token = settings.operator_secret
        self.public_url = settings.public_url
        self._header = settings.operator_header or ""
        self._proxies = settings.operator_proxies
        is_public = not is_loopback(urlsplit(settings.public_url or HERE).hostname or "")
        self.open_here = not (self.token or self._header or is_public)
        self.attempts = attempts or Attempts()
        self.sessions = sessions or Sessions(self.token or secrets.token_urlsafe())
        if not (is_loopback(settings.host) or self.token or self._header):
            raise SettingsError(
                f"OPERATOR_TOKEN is not set, and HOST={settings.host} can be reached from other "
                "machines: everybody could read the calls. Set OPERATOR_TOKEN (`openssl rand "
                "-hex 24` makes one), or OPERATOR_HEADER when a reverse proxy signs people in."
            )

    def visitor(self, connection: HTTPConnection) -> Visitor:
        """Who asks.

        Raises:
            NotSignedIn: who asks could sign in.
            NoEntry: who asks cannot.
        """
        found = self._by_token(connection) or self._by_proxy(connection) or self._here(connection)
        if found:
            return found
        if self.token:
            raise NotSignedIn("Sign in at /sign-in, or send OPERATOR_TOKEN as a bearer token.")
        if self._header:
            raise NoEntry(
                f"Come through the reverse proxy, which has to send {self._header} from one of "
                f"OPERATOR_PROXIES ({', '.join(self._proxies)})."
            )
        raise NoEntry(
            "Without OPERATOR_TOKEN these pages are open only on the machine that the server runs "
            "on, at http://127.0.0.1, and only while PUBLIC_URL names no other. Set OPERATOR_TOKEN "
            "and start the server again."
        )

    def check_change(self, connection: HTTPConnection, visitor: Visitor) -> None:
        """Let a changing request through only when a page of this server meant it.

        Raises:
            NoEntry: when it may be another site's.
        """
        if not visitor.csrf_token:
            return
        given = connection.headers.get(CSRF_HEADER, "")
        if not is_own_page(connection, self.public_url) or not same(given, visitor.csrf_token):
            raise NoEntry(f"This request does not come from these pages: {CSRF_HEADER} is wrong.")

    def address(self, connection: HTTPConnection) -> str:
        """Whose failed attempts are counted together: the caller of a proxy that is believed."""
        address = address_of(connection)
        passed_on = connection.headers.get("x-forwarded-for", "")
        if passed_on and is_one_of(address, self._proxies):
            return passed_on.split(",")[-1].strip()
        return address

    def _by_token(self, connection: HTTPConnection) -> Visitor | None:
        if not self.token:
            return None
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._by_bearer(connection, given.strip())
        session = self.sessions.read(connection.cookies.get(COOKIE, ""))
        if session is None:
            return None
        return Visitor(session.who, self.sessions.csrf_token(session.nonce), session)

    def _by_bearer(self, connection: HTTPConnection, given: str) -> Visitor | None:
        address = self.address(connection)
        if wait_s := self.attempts.wait_s(address):
            raise NoEntry(f"Too many wrong tokens. Try again in {wait_s} s.")
        if same(given, self.token):
            # No browser sends this by itself, so that no other site can have it sent.
            return Visitor(f"bearer token from {address}")
        self.attempts.failed(address)
        return None

    def _by_proxy(self, connection: HTTPConnection) -> Visitor | None:
        who = connection.headers.get(self._header, "").strip() if self._header else ""
        if not who or not is_one_of(address_of(connection), self._proxies):
            return None
        return Visitor(who, self.sessions.csrf_token(f"{_WITHOUT_SIGN_IN} {who}"))

    def _here(self, connection: HTTPConnection) -> Visitor | None:
        if not self.open_here or not is_this_machine(connection):
            return None
        return Visitor("this machine", self.sessions.csrf_token(_WITHOUT_SIGN_IN))


def door_of(connection: HTTPConnection) -> Door:
    return connection.app.state.door


def operator(request: Request, response: Response) -> Visitor:
    """Of an interface for operators: who asks. Others are refused with a sentence.

    Raises:
        HTTPException: 401 when signing in would help, else 403.
    """
    door = door_of(request)
    try:
        if request.headers.get("sec-fetch-site") in _OTHER_SITES:
            raise NoEntry("Another site's page asked for this. Open it from these pages.")
        visitor = door.visitor(request)
        if request.method in _CHANGING:
            door.check_change(request, visitor)
    except NotSignedIn as error:
        raise HTTPException(401, str(error), {"WWW-Authenticate": "Bearer"}) from None
    except NoEntry as error:
        raise HTTPException(403, str(error)) from None
    response.headers["Cache-Control"] = "no-store"
    return visitor


Operator = Annotated[Visitor, Depends(operator)]
