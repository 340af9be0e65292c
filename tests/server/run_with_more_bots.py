"""Runs `switchboard serve` with the bots of this folder beside the house's own."""

from pathlib import Path

import bots
from scripts.switchboard import main

bots.__path__.append(str(Path(__file__).parent / "bots"))
main()
