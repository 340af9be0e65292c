"""What every call needs anew is cheap: whatever is read from disk is there since the first."""

import ssl
from pathlib import Path
from typing import Any, NoReturn

import onnxruntime
import pytest

from calls import models
from calls.call import Call
from calls.channel import TELEPHONE_HZ, Channel
from calls.record import CallRecord
from calls.warm_up import Nowhere
from server.bots import find_bots
from services.choice import choose
from settings import Settings

KEYS = ("DEEPGRAM_API_KEY", "OPENAI_API_KEY", "CARTESIA_API_KEY")


def refuses(*_: Any, **__: Any) -> NoReturn:
    raise AssertionError("This is read again for every call.")


async def test_second_call_reads_no_model_and_no_certificates(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for key in KEYS:
        monkeypatch.setenv(key, "k")
    settings = Settings.load(None).model_copy(
        update={"data_dir": tmp_path, "embedded_backup": False}
    )
    choices, bot = choose(settings), find_bots()["receptionist"]

    async def build() -> None:
        channel, record = Channel("phone", Nowhere(), TELEPHONE_HZ), CallRecord(None, "a call")
        await bot.build(
            Call("one", bot=bot, channel=channel, choices=choices, settings=settings, record=record)
        )

    models.load()
    await build()
    monkeypatch.setattr(ssl, "create_default_context", refuses)
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", refuses)
    monkeypatch.setattr(onnxruntime, "InferenceSession", refuses)
    await build()
