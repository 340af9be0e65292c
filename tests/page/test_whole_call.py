"""A whole call on the page: Chromium with a WAV for a microphone, and the real server."""

import base64
import io
import os
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from conftest import CHROMIUM, FLAGS
from playwright.async_api import Page, async_playwright

from rehearsal.server_process import ServerProcess
from services.embedded import espeak

LINES = ("where is my order", "four seven two nine one", "no that is all")
BEFORE_EACH_LINE_S = 9.0
RATE_HZ = 16_000

# With this variable the picture of the README is taken anew.
PICTURE = os.environ.get("SWITCHBOARD_PICTURE")

RECORD_THE_BOT = """
() => {
  const recorder = new MediaRecorder(document.querySelector('#voice').srcObject);
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.start();
  window.stopRecording = () => new Promise((done) => {
    recorder.onstop = async () => {
      const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
      done(btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')));
    };
    recorder.stop();
  });
}
"""


def spoken(line: str, folder: Path) -> np.ndarray:
    """The line as 16-bit samples at 16 kHz, in flite's voice where it is installed."""
    if shutil.which("flite"):
        path = folder / "line.wav"
        subprocess.run(["flite", "-voice", "slt", "-t", line, "-o", str(path)], check=True)
        with wave.open(str(path)) as file:
            assert file.getframerate() == RATE_HZ
            return np.frombuffer(file.readframes(file.getnframes()), np.int16)
    import soxr

    pcm = np.frombuffer(espeak.speak(line, espeak.VoiceSpec.parse("en-us+f2@150")), np.int16)
    return soxr.resample(pcm, espeak.SAMPLE_RATE_HZ, RATE_HZ)


def microphone(folder: Path) -> Path:
    """A WAV with the caller's lines, each after a while of silence."""
    silence = np.zeros(int(BEFORE_EACH_LINE_S * RATE_HZ), np.int16)
    samples = np.concatenate([part for line in LINES for part in (silence, spoken(line, folder))])
    path = folder / "microphone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.concatenate([samples, silence]).tobytes())
    return path


def decoded(recording: str) -> np.ndarray:
    """What the page played, from the browser's own recording: mono samples in -1..1."""
    with av.open(io.BytesIO(base64.b64decode(recording)), mode="r") as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate([frame.reshape(frame.shape[0], -1)[0] for frame in frames])


async def conversation(page: Page) -> str:
    return (await page.locator("#conversation").inner_text()).lower()


@pytest.mark.long
@pytest.mark.browser
async def test_caller_in_the_browser_finds_the_order_and_the_bot_says_goodbye(
    tmp_path: Path,
) -> None:
    flags = [
        *FLAGS,
        f"--use-file-for-fake-audio-capture={microphone(tmp_path)}%noloop",
        "--autoplay-policy=no-user-gesture-required",
    ]
    command = [sys.executable, "-m", "scripts.switchboard", "serve"]
    env = {"DATA_DIR": str(tmp_path / "data")}
    async with (
        ServerProcess(command, env=env, log=tmp_path / "server.log") as server,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = await browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(60_000)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))

        await page.goto(server.url + "/?bot=order_support")
        await page.locator("#call:not([disabled])").click()
        await page.locator("body[data-phase=live]").wait_for()
        await page.evaluate(RECORD_THE_BOT)
        await page.locator(".waterfall[data-turn='2']").wait_for()
        await page.get_by_text("anything else").wait_for()
        await page.screenshot(path=PICTURE or tmp_path / "call.png")
        recording = await page.evaluate("() => window.stopRecording()")
        await page.locator("body[data-phase=ended]").wait_for()
        words = await conversation(page)
        await browser.close()

    for line in LINES:
        assert line in words
    assert "your order four seven two nine one" in words
    assert "find order" in words
    assert "goodbye" in words
    audio = decoded(recording)
    loud = np.abs(audio) > 0.02
    assert loud.mean() > 0.05, "the bot was heard"
    assert not loud.all(), "and it paused"
    assert complaints == []
