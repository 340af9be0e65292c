"""The expressions of the Grafana dashboard, as Prometheus is asked them."""

import json
import re
from pathlib import Path
from typing import Any

DEPLOY = Path(__file__).parents[2] / "deploy"

_VARIABLES = {
    "$__rate_interval": "1m",
    "$__range": "1h",
    "$bot": ".*",
    "$channel": ".*",
}


def dashboard() -> dict[str, Any]:
    return json.loads((DEPLOY / "grafana" / "switchboard.json").read_text())


def expressions() -> list[str]:
    """Every panel's, with Grafana's variables filled in."""
    found = [
        target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", [])
    ]
    for variable, value in _VARIABLES.items():
        found = [expression.replace(variable, value) for expression in found]
    return found


def metrics_in(text: str) -> set[str]:
    """The metrics of this project that an expression or a file of rules reads."""
    names = set(re.findall(r"\bswitchboard_\w+", text))
    return {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in names}
