"""Writes docs/faults.md and its picture out of the verdicts of a run."""

from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from scripts.faults import report
from scripts.faults.picture import picture
from scripts.faults.verdict import Verdict

_INTRODUCTION = """# What a caller hears when a provider fails

![Longest dead air of every call, by system and by what failed](faults.svg)

Each dot is one call over Twilio's wire protocol to a real server process. Its speech-to-text,
language model, text-to-speech or tool failed in one of the ways below, and went on failing to the
end of the call: from the call's beginning (*first turn*), right before the caller's third line
(*third turn*), or in the middle of an answer (*mid-answer*). The providers are stand-ins on
127.0.0.1 that speak the real wire protocols. All three systems met the same faults in the same run:

- **Switchboard with a backup**: Deepgram, OpenAI and Cartesia, each with a second provider.
- **Switchboard with a single provider**: one of each; behind it is only what every installation
  has, the embedded tier that needs no account.
- **Stock Pipecat {pipecat}**: its documented phone bot in its development runner, the same
  providers and backups in its service switchers with the failover strategy
  ([rehearsal/stock_bot.py](../rehearsal/stock_bot.py)).

*Dead air* is the longest silence at the telephone's loudspeaker while the bot owed something: the
greeting, or the rest of an answer. The caller hangs on for twelve seconds, so what is given as 12
seconds had no end. ✗: the call did not come to its end, or the right answer was not heard, or
something was said twice, or the tool ran more than once; *bye*: the bot said that it cannot help
now and ended the call. A call during which the machine had no processor free for more than 15 % of
the time is placed again. Answers are recognised in the audio that
was played; the exact definitions are in the docstrings of `rehearsal/faults/call.py`,
`rehearsal/faults/heard.py` and `scripts/faults/outage.py`.
"""

_OTHERS = """## Other callers

*Second caller*: the call right after one that met the fault, while the outage lasts. *Call beside*:
a call whose own providers are well, while another call on the same server meets the fault.
"""


def write_page(verdicts: Sequence[Verdict], folder: Path, *, command: str, took_s: float) -> None:
    """Write `faults.md` and `faults.svg` to the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "faults.svg").write_text(picture(verdicts), encoding="utf-8")
    failures = report.failures(verdicts) or "Nothing, in this run."
    parts = [
        _INTRODUCTION.format(pipecat=version("pipecat-ai")),
        report.summary(verdicts),
        "",
        f"`{command}`, {date.today():%d %B %Y}: {len(verdicts)} calls in {took_s / 60:.0f} minutes "
        "on two cores.",
        "",
        "## What still fails",
        "",
        "Of Switchboard:",
        "",
        failures,
        "",
        "## Every call",
        "",
        "Dead air in seconds; above 3.0 in bold.",
        "",
        report.table(verdicts, ("first", "third", "mid")),
    ]
    if any(verdict.moment in ("second", "beside") for verdict in verdicts):
        parts += ["", _OTHERS, report.table(verdicts, ("second", "beside"))]
    (folder / "faults.md").write_text("\n".join(parts) + "\n", encoding="utf-8")
