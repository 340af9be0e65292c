"""The real application with calls on record, on a port of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from uvicorn import Config, Server

from calls.recording.files import create, folder_of
from calls.recording.sound_file import PLAIN, chunk_frames
from calls.records.store import RecordStore, store_of
from server.app import create_app
from tests.server.operator.kept_calls import KeptCall, keep
from tests.server.operator.operator_house import house_of

HZ = 8000


@dataclass
class OperatorServer:
    """A running server, and the store behind it."""

    url: str
    store: RecordStore
    data_dir: Path

    async def keep(self, *calls: KeptCall) -> None:
        await keep(self.store, *calls)


@asynccontextmanager
async def operator_server(data_dir: Path, **settings: Any) -> AsyncIterator[OperatorServer]:
    house = house_of(data_dir, **settings)
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(
        Config(
            create_app(house), log_level="error", proxy_headers=False, timeout_graceful_shutdown=1
        )
    )
    serving = asyncio.create_task(server.serve([listener]))
    store = store_of(house.settings)
    yield OperatorServer(f"http://127.0.0.1:{listener.getsockname()[1]}", store, data_dir)
    server.should_exit = True
    await serving
    await store.close()


def record(data_dir: Path, call_id: str, seconds: float) -> None:
    """A recording with a tone on the bot's side."""
    folder = folder_of(data_dir, call_id)
    folder.mkdir(parents=True)
    file = create(folder / PLAIN, HZ, None)
    size = chunk_frames(HZ)
    for index in range(int(seconds * HZ / size) + 1):
        stereo = np.zeros((size, 2), np.int16)
        stereo[:, 1] = 6000 * np.sin(np.arange(size) * 2 * np.pi * 440 / HZ)
        file.write(index, stereo.tobytes())
    file.close()
