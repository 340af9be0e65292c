"""A house without a pipeline: its bots note the calls that are put through to them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient
from twilio.request_validator import RequestValidator

from calls import Bot
from server.app import create_app
from server.house import House
from server.lines import Lines
from services.choice import choose
from settings import Settings
from tests.no_pipeline import no_pipeline

TOKEN = "the-auth-token-of-the-account"
PUBLIC_URL = "https://calls.example.com"


@dataclass
class Reception:
    """A running application, and what a phone network would send it."""

    house: House
    client: TestClient
    calls: list[str] = field(default_factory=list)

    def ring(
        self,
        call_sid: str = "CA1",
        *,
        bot: str = "greeter",
        signed_for: str = PUBLIC_URL,
        token: str = TOKEN,
        headers: dict[str, str] | None = None,
    ) -> Any:
        form = {"CallSid": call_sid, "From": "+4915112345", "To": "+14155550123"}
        path = f"/twilio/voice?bot={bot}"
        signature = RequestValidator(token).compute_signature(signed_for + path, form)
        return self.client.post(
            path, data=form, headers={"X-Twilio-Signature": signature, **(headers or {})}
        )


OpenReception = Callable[..., Reception]


@pytest.fixture
def open_reception(tmp_path: Path) -> Iterator[OpenReception]:
    clients: list[TestClient] = []

    def open_it(*, max_calls: int = 2, **settings: Any) -> Reception:
        settings = {
            "twilio_auth_token": SecretStr(TOKEN),
            "public_url": PUBLIC_URL,
            "data_dir": tmp_path / "data",
            **settings,
        }
        made = Settings.load().model_copy(update=settings)
        bots = {
            name: Bot(name=name, sentence=f"Says {name}.", build=no_pipeline)
            for name in ("greeter", "other")
        }
        house = House(made, choose(made), bots, Lines(max_calls))
        client = TestClient(create_app(house), base_url="http://127.0.0.1:7860")
        client.__enter__()
        clients.append(client)
        return Reception(house, client)

    yield open_it
    for client in clients:
        client.__exit__(None, None, None)
