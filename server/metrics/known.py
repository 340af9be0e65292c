"""Label values out of bounded sets: what is not known is "other"."""

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from calls.channel import ChannelName
from calls.records import rows
from processors.silence.phrases import Step
from services.choice import PROVIDERS, provider_names
from services.failover.incident import Failure

OTHER = "other"


class Known:
    """The values that one label may have.

    A label whose values callers or providers could choose would be a series for each: memory
    here and in Prometheus without end.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._values = {*values, OTHER}

    def of(self, value: Any) -> str:
        """The value itself when it is known."""
        return value if isinstance(value, str) and value in self._values else OTHER

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._values))


CHANNELS = Known(get_args(ChannelName))
OUTCOMES = Known(rows.OUTCOMES)
PIPELINE_STAGES = Known(PROVIDERS)
PROVIDER_NAMES = Known((*provider_names(), "nobody"))
FAILURES = Known(failure.value for failure in Failure)
STEPS = Known(step.value for step in Step)
