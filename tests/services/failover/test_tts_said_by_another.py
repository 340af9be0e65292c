import pytest

from services.failover.incident import Failure
from tests.services.failover.tts_fakes import (
    FINE,
    HANGS,
    Manner,
    RequestVoice,
    StreamingVoice,
    call,
)
from tests.virtual_time import in_virtual_time

ORDER = "Your parcel with the two lamps left our house on Monday."
THANKS = "Thank you for waiting so patiently."


@in_virtual_time
async def test_a_provider_in_health_says_everything_alone():
    lead, backup = StreamingVoice(FINE, 0), StreamingVoice(FINE, 1)
    async with call(lead, backup) as made:
        await made.say(ORDER, THANKS)
    assert made.ear.words == made.ear.told == [*ORDER.split(), *THANKS.split()]
    assert made.ear.remembered == f"{ORDER} {THANKS}"
    assert made.incidents == []
    assert backup.asked == []


@in_virtual_time
async def test_a_provider_that_never_connects_costs_one_deadline():
    async with call(StreamingVoice(Manner(connects=False)), StreamingVoice(FINE, 1)) as made:
        await made.say(ORDER)
    assert made.ear.heard == [(word, 1) for word in ORDER.split()]
    assert made.ear.remembered == ORDER
    (incident,) = made.incidents
    assert (incident.provider, incident.how, incident.went_to) == ("a", Failure.SILENT, "b")
    assert incident.cost_ms == pytest.approx(1000)


@in_virtual_time
async def test_a_provider_that_hangs_after_the_text_is_replaced():
    for kind in (StreamingVoice, RequestVoice):
        async with call(kind(HANGS), kind(FINE, 1)) as made:
            await made.say(ORDER, THANKS)
        assert made.ear.heard == [(word, 1) for word in (ORDER + " " + THANKS).split()]
        assert made.ear.remembered == f"{ORDER} {THANKS}"
