"""What is installed, and the exact command that installs what is not."""

import importlib.util
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def is_there(module: str) -> bool:
    """Whether a module can be imported, found out without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        # The package that it would be in is missing.
        return False


def install_command(extra: str = "") -> str:
    """What to type, in this folder, so that this very Python has an extra of Switchboard."""
    brackets = f"[{extra}]" if extra else ""
    if not (_ROOT / "pyproject.toml").exists():
        return f'{_near(Path(sys.executable))} -m pip install "switchboard{brackets}"'
    return f'{_near(Path(sys.executable))} -m pip install --editable "{_near(_ROOT)}{brackets}"'


def _near(path: Path) -> str:
    """A path as short as it can be typed from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
