"""LiveKit Agents in a virtual environment of its own: it is compared with, not built on."""

import subprocess
import sys
from pathlib import Path

VERSION = "1.8.9"
_PLUGINS = "deepgram,openai,cartesia,silero"


class LiveKitMissing(RuntimeError):
    """It could not be installed; the message says why."""


def livekit_python(folder: Path) -> Path:
    """The environment's Python; installs it first where it is not there yet.

    Raises:
        LiveKitMissing: there is no environment, or no package.
    """
    python = folder / "bin" / "python"
    done = folder / f".livekit-{VERSION}"
    if done.exists():
        return python
    try:
        _run(sys.executable, "-m", "venv", str(folder))
        wanted = f"livekit-agents[{_PLUGINS}]=={VERSION}"
        _run(str(python), "-m", "pip", "install", "--quiet", wanted)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise LiveKitMissing(f"LiveKit Agents cannot be had: {said.strip()[-300:]}") from error
    done.touch()
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
