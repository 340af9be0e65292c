"""A call's recording: its sound in the pieces that a browser asks for, and how it looks."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Query
from fastapi.responses import Response, StreamingResponse

from calls.recording.files import recording_of
from calls.recording.reading import open_recording
from calls.recording.sealed_file import WrongKey
from calls.recording.sound_file import NotARecording
from calls.recording.waveform import waveform as peaks_of
from server.operator.access_log import Looks
from server.operator.calls import TheHouse
from server.operator.door import Operator
from settings import Settings

routes = APIRouter(prefix="/api/calls")

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


@routes.get("/{call_id}/sound.wav")
async def sound(
    looking: Looks,
    house: TheHouse,
    call_id: str,
    range: Annotated[str | None, Header()] = None,
) -> Response:
    """The recording as WAV, the caller left and the bot right; ranges of bytes are answered."""
    path, key = _path(house.settings, call_id), house.settings.sealing_key
    size = await asyncio.to_thread(_size, path, key)
    await looking.at(f"call {call_id}: heard its recording")
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-store"}
    span = _span(range, size)
    if span is None:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    start, stop = span
    headers["Content-Length"] = str(stop - start)
    if range:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return StreamingResponse(
        _pieces(path, key, start, stop), 206 if range else 200, headers, media_type="audio/wav"
    )


@routes.get("/{call_id}/waveform")
async def waveform(
    operator: Operator,
    house: TheHouse,
    call_id: str,
    buckets: Annotated[int, Query(ge=1, le=20_000)] = 1000,
) -> dict[str, Any]:
    """How loud each side was, 0 to 1, in equal stretches of `seconds` in all."""
    path, key = _path(house.settings, call_id), house.settings.sealing_key
    return await asyncio.to_thread(_waveform, path, key, buckets)


def _path(settings: Settings, call_id: str) -> Path:
    try:
        path = recording_of(settings.data_dir, call_id)
    except ValueError:
        path = None
    if path is None:
        raise HTTPException(404, "There is no recording of this call, or it was erased.")
    return path


def _size(path: Path, key: bytes | None) -> int:
    with _open(path, key) as recording:
        return recording.wav_size


def _waveform(path: Path, key: bytes | None, buckets: int) -> dict[str, Any]:
    with _open(path, key) as recording:
        seconds = recording.duration_s
    caller, bot = peaks_of(path, buckets, key)
    return {"caller": caller, "bot": bot, "seconds": seconds}


def _open(path: Path, key: bytes | None) -> Any:
    try:
        return open_recording(path, key)
    except WrongKey:
        raise HTTPException(
            409, "The recording is sealed with another key than RECORDING_KEY."
        ) from None
    except (NotARecording, OSError) as error:
        raise HTTPException(404, f"The recording cannot be read: {error}") from None


def _pieces(path: Path, key: bytes | None, start: int, stop: int) -> Iterator[bytes]:
    with open_recording(path, key) as recording:
        yield from recording.wav(start, stop)


def _span(range: str | None, size: int) -> tuple[int, int] | None:
    """From which byte up to before which. None: there is no such part."""
    if range is None:
        return 0, size
    found = _RANGE.fullmatch(range.strip())
    if not found or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        # The last so many bytes.
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1 if last else size)
    return (start, stop) if start < stop else None
