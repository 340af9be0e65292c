"""Stand-ins for providers: their wire protocols on 127.0.0.1, with latencies and faults to order.

    async with StandIns() as providers:
        env = providers.env()  # DEEPGRAM_BASE_URL, OPENAI_BASE_URL, …, with keys

The control endpoint for other processes is described in `rehearsal.standins.control`.
"""

from rehearsal.standins.faults import Fault, FaultError
from rehearsal.standins.prompt import Mind, Prompt, Reply, ToolCall
from rehearsal.standins.script import Rule, Script
from rehearsal.standins.standins import KEY, StandIns

__all__ = [
    "KEY",
    "Fault",
    "FaultError",
    "Mind",
    "Prompt",
    "Reply",
    "Rule",
    "Script",
    "StandIns",
    "ToolCall",
]
