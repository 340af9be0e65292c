"""One of the two servers, with stand-ins, a telephone network and those who are told of calls."""

import secrets
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Literal

from rehearsal.server_process import ServerProcess
from scripts.turns_bench.cores import command_on
from scripts.turns_bench.lane import Lane
from scripts.turns_bench.latencies import Profile

Side = Literal["bare", "everything"]
SIDES: tuple[Side, ...] = ("bare", "everything")

_PROVIDERS = {"STT": "deepgram", "LLM": "openai", "TTS": "cartesia"}


class RemainsLane(Lane):
    """The server of one side.

    Args:
        side: What it keeps.
        told: Where it sends traces and tells of ended calls, if it keeps anything.
    """

    def __init__(
        self,
        side: Side,
        folder: Path,
        *,
        profile: Profile,
        seed: int,
        cores: Collection[int],
        max_calls: int,
        told: str,
    ) -> None:
        super().__init__(
            "switchboard",
            folder,
            profile=profile,
            seed=seed,
            cores=cores,
            max_calls=max_calls,
            livekit_python=Path(sys.executable),
        )
        self.side: Side = side
        self.folder = folder
        self._told = told

    def _served(
        self, env: Mapping[str, str]
    ) -> AbstractAsyncContextManager[tuple[ServerProcess, str]]:
        return self._of_side({**env, **_PROVIDERS, **self._settings()})

    def _settings(self) -> dict[str, str]:
        own = {"CALL_FILES": "false", "MAX_CALLS": str(self._max_calls), "DRAIN_S": "1"}
        if self.side == "bare":
            return own | {"KEEPS": "everything"}
        return own | {
            "KEEPS": "redacted",
            "METRICS_OPEN": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self._told,
            "CALL_WEBHOOK_URL": f"{self._told}/ended",
            "CALL_WEBHOOK_SECRET": secrets.token_hex(24),
        }

    @asynccontextmanager
    async def _of_side(self, env: Mapping[str, str]) -> AsyncIterator[tuple[ServerProcess, str]]:
        module = [sys.executable, "-m", "scripts.remains_bench.server", self.side]
        log = self.folder / "server.log"
        async with ServerProcess(command_on(self._cores, module), env=env, log=log) as server:
            yield server, f"{server.url}/twilio/voice?bot=turns"
