"""Every bot file, run as a script: Pipecat's development runner serves it and the bot speaks."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack

import bots

FILES = sorted(Path(bots.__path__[0]).glob("[!_]*.py"))
AT_LATEST_S = 90
LOUD = 500


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of Pipecat's development runner with one bot file in it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    output = tmp_path / "output.txt"
    offline = {"STT": "embedded", "LLM": "embedded", "TTS": "embedded"}
    with output.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(request.param),
            *("--host", "127.0.0.1", "--port", str(port), "-t", "webrtc"),
            cwd=tmp_path,
            env={**os.environ, **offline, "DATA_DIR": str(tmp_path / "data")},
            stdout=written,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        await _answering(port, process, output)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answering(port: int, process: asyncio.subprocess.Process, output: Path) -> None:
    async with asyncio.timeout(AT_LATEST_S):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return
    raise AssertionError(f"The runner ended: {output.read_text()[-2000:]}")


async def _loudness(track: MediaStreamTrack) -> int:
    frame = await track.recv()
    return int(np.abs(frame.to_ndarray()).max())  # type: ignore[attr-defined]


async def test_caller_of_the_development_runner_is_greeted_aloud(url):
    caller = RTCPeerConnection()
    caller.addTrack(AudioStreamTrack())
    caller.createDataChannel("chat")
    arrived: asyncio.Queue[MediaStreamTrack] = asyncio.Queue()
    caller.on("track", arrived.put_nowait)
    try:
        await caller.setLocalDescription(await caller.createOffer())
        offer = {"sdp": caller.localDescription.sdp, "type": caller.localDescription.type}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{url}/api/offer", json=offer) as response,
        ):
            assert response.status == 200
            answer = await response.json()
        await caller.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
        async with asyncio.timeout(AT_LATEST_S):
            voice = await arrived.get()
            while await _loudness(voice) < LOUD:
                pass
    finally:
        await caller.close()
