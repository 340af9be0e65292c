import asyncio

from pipecat.frames.frames import Frame, MetricsFrame

from calls.incidents import Incidents
from calls.record import CallRecord
from processors.provider_failure import ProviderFailureMetricsData
from services.failover.incident import Failure, Incident


async def test_a_failure_is_in_the_record_on_the_page_and_among_the_metrics(tmp_path):
    shown: list[dict] = []
    pushed: list[Frame] = []
    told = asyncio.Event()

    async def show(message: dict) -> None:
        shown.append(message)
        told.set()

    async def push(frame: Frame) -> None:
        pushed.append(frame)

    record = CallRecord(tmp_path, "a-call")
    incident = Incident("tts", "cartesia", Failure.STALLED, 640.0, "elevenlabs")
    Incidents(record, show, push).report(incident)
    await told.wait()

    (metrics,) = pushed
    assert isinstance(metrics, MetricsFrame)
    assert metrics.data == [
        ProviderFailureMetricsData(
            processor="cartesia", stage="tts", how="stalled", value=0.64, went_to="elevenlabs"
        )
    ]
    assert shown == [
        {
            "type": "provider-failed",
            "stage": "tts",
            "provider": "cartesia",
            "how": "stalled",
            "cost_ms": 640.0,
            "went_to": "elevenlabs",
        }
    ]
    assert '"provider_failed"' in record.path.read_text()
