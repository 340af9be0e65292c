"""That a provider failed, among the metrics of a call."""

from pipecat.metrics.metrics import MetricsData


class ProviderFailureMetricsData(MetricsData):
    """One failure of one provider; `processor` is the provider's name.

    Attributes:
        stage: "stt", "llm" or "tts".
        how: What it did, in a word.
        value: Seconds that were spent on it.
        went_to: Who was asked instead; "" when nobody was left.
    """

    stage: str
    how: str
    value: float
    went_to: str = ""
