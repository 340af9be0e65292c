"""A real Prometheus that scrapes one address, for as long as a context lasts."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import yaml

from rehearsal.server_process import free_port

RULES = Path(__file__).parents[1] / "deploy" / "prometheus" / "alerts.yml"
_POLL_S = 0.2


class Prometheus:
    """Keeps its data in `folder` and scrapes `target` (host:port) five times a second.

    `token`: sent with every scrape, where there is one.
    """

    def __init__(self, folder: Path, target: str, *, token: str = "") -> None:
        self._folder = folder
        self._scraped: dict[str, Any] = {
            "job_name": "switchboard",
            "static_configs": [{"targets": [target]}],
        }
        if token:
            self._scraped["authorization"] = {"credentials": token}
        self._url = f"http://127.0.0.1:{free_port()}"
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "prometheus.yml"
        config.write_text(
            yaml.safe_dump(
                {
                    "global": {"scrape_interval": "200ms", "evaluation_interval": "200ms"},
                    "rule_files": [str(RULES)],
                    "scrape_configs": [self._scraped],
                }
            )
        )
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={self._folder / 'data'}",
                f"--web.listen-address={self._url.removeprefix('http://')}",
                "--enable-feature=exemplar-storage",
                "--log.level=warn",
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._process and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def get(self, path: str, **query: str) -> Any:
        """The data of an answer of its API.

        Raises:
            ValueError: when it refuses, with its reason.
        """
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self._url}/api/v1/{path}", params=query) as response,
        ):
            answer = await response.json()
        if answer["status"] != "success":
            raise ValueError(f"{path} {query}: {answer.get('error')}")
        return answer["data"]

    async def until(
        self, is_so: Callable[[Any], bool], path: str, *, at_most_s: float = 60, **query: str
    ) -> Any:
        """Ask again and again; the first answer that `is_so`.

        Raises:
            TimeoutError: with the last answer.
        """
        answer: Any = None
        try:
            async with asyncio.timeout(at_most_s):
                while True:
                    try:
                        answer = await self.get(path, **query)
                        if is_so(answer):
                            return answer
                    except aiohttp.ClientError as error:
                        answer = error
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            log = (self._folder / "prometheus.log").read_text()[-2000:]
            raise TimeoutError(f"{path} {query}: {answer}\n{log}") from None
