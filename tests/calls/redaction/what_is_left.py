"""Everything that is found of calls on disk, over HTTP and in what a server sent."""

import asyncio
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from collector import Collector
from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

EXPORT = "from scripts.switchboard import main; main()"
_PAGES = (
    "metrics",
    "api/calls",
    "api/figures",
    "api/export/figures.csv",
    "api/export/calls.json",
    "api/export/calls.csv",
)


@dataclass
class Left:
    """What is found after the calls.

    Attributes:
        places: Everything that was written or sent, by where it was found.
        records: The calls' records as exported, by the caller's place among the callers.
    """

    places: dict[str, bytes] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)

    def add_files(self, folder: Path, when: str = "") -> None:
        """Every file of a data folder, and its databases as one who opens them reads them."""
        self.places |= {f"{name}{when}": content for name, content in files_of(folder).items()}
        for file in folder.glob("*.sqlite"):
            self.places[f"tables of {file.name}{when}"] = _tables(file)

    def add_traces(self, collector: Collector) -> None:
        """As they came over the wire, and as one who takes them in reads them."""
        self.places["traces on the wire"] = b"\n".join(collector.bodies)
        sent = map(ExportTraceServiceRequest.FromString, collector.bodies)
        self.places["traces"] = "\n".join(
            MessageToJson(one, ensure_ascii=False) for one in sent
        ).encode()

    async def add_pages(self, url: str, call_ids: Sequence[str]) -> None:
        """What a running server tells."""
        async with aiohttp.ClientSession() as session:
            for path in (*_PAGES, *(f"api/calls/{call_id}" for call_id in call_ids)):
                async with session.get(f"{url}/{path}") as answer:
                    assert answer.status == 200, path
                    self.places[path] = await answer.read()

    async def add_exports(self, data: Path, call_ids: Sequence[str]) -> None:
        """What the command tells."""
        for kind in ("json", "csv"):
            self.places[f"export as {kind}"] = await _exported(data, kind)
        exported = self.places["export as json"].decode().splitlines()
        by_id = {call["id"]: call for call in map(json.loads, exported)}
        self.records = [by_id[call_id] for call_id in call_ids]

    def without(self, old: Iterable[bytes]) -> None:
        """But for what was there before: what a start makes has numbers of its own."""
        known = set(old)
        self.places = {name: one for name, one in self.places.items() if one not in known}


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file, with its name, for names are read as well."""
    return {
        str(path.relative_to(folder)): path.name.encode() + path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


async def _exported(data: Path, kind: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", EXPORT, "calls", "export", f"--{kind}"),
        env={"PATH": "", "DATA_DIR": str(data)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output
    return output


def _tables(file: Path) -> bytes:
    """What the file says once its pages are put together with those of its log of changes."""
    # To open it would bring the log to an end.
    with TemporaryDirectory() as folder:
        for path in file.parent.glob(f"{file.name}*"):
            shutil.copy(path, folder)
        with closing(sqlite3.connect(Path(folder) / file.name)) as database:
            return "\n".join(database.iterdump()).encode()
