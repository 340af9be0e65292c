"""A house with calls on record, and those who look at them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from starlette.testclient import TestClient

from calls import Bot
from calls.records.store import store_of
from server.app import create_app
from server.house import House
from server.lines import Lines
from services.choice import choose
from settings import Settings
from tests.no_pipeline import no_pipeline
from tests.server.operator.kept_calls import KeptCall, keep

TOKEN = "a-token-that-nobody-guesses"
HERE = "http://127.0.0.1:7860"


@dataclass
class OperatorHouse:
    """An application, its house, and a client at the same machine."""

    house: House
    client: TestClient

    def at(self, url: str = HERE, *, address: str = "127.0.0.1") -> TestClient:
        """Another client: of an address, that calls the server by a URL."""
        return TestClient(self.client.app, url, client=(address, 50_000), follow_redirects=False)

    def signed_in(self, url: str = HERE) -> TestClient:
        client = self.at(url)
        answer = client.post("/api/operator/session", json={"token": TOKEN, "name": "Ada"})
        assert answer.status_code == 200, answer.text
        return client

    def looks(self) -> list[tuple[str, str]]:
        """Who looked at what, the newest last."""
        found = asyncio.run(self.client.app.state.records.looks())  # pyright: ignore
        return [(who, what) for _, who, what in reversed(found)]


def house_of(data_dir: Path, **settings: Any) -> House:
    if token := settings.pop("token", None):
        settings["operator_token"] = SecretStr(token)
    made = Settings.load().model_copy(update={"data_dir": data_dir, **settings})
    bots = {
        name: Bot(name=name, sentence=f"Is {name}.", build=no_pipeline)
        for name in ("order_support", "receptionist")
    }
    return House(made, choose(made), bots, Lines(2))


@contextmanager
def opened(data_dir: Path, *calls: KeptCall, **settings: Any) -> Iterator[OperatorHouse]:
    """A house whose store holds these calls. `token`: what operators sign in with."""
    house = house_of(data_dir, **settings)
    store = store_of(house.settings)
    with TestClient(
        create_app(house), HERE, client=("127.0.0.1", 50_000), follow_redirects=False
    ) as client:
        asyncio.run(keep(store, *calls))
        yield OperatorHouse(house, client)
    asyncio.run(store.close())
