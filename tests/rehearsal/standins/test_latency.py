"""How long the stand-ins take."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.standins.house import House
from rehearsal.standins.latency import NONE, PROFILES, LatencyError, of, steps_of
from rehearsal.standins.seats import ALL


def test_draws_have_the_median_and_the_99th_percentile_that_were_asked_for() -> None:
    rng = random.Random(1)
    draws = sorted(of(100, 500).draw_ms(rng) for _ in range(20_000))
    assert statistics.median(draws) == pytest.approx(100, rel=0.05)
    assert draws[int(0.99 * len(draws))] == pytest.approx(500, rel=0.1)


@given(st.integers(), st.floats(0, 10_000), st.floats(1, 10))
def test_no_draw_is_negative(seed: int, median_ms: float, tail: float) -> None:
    assert of(median_ms, median_ms * tail).draw_ms(random.Random(seed)) >= 0


def test_same_seed_draws_the_same_and_another_seed_draws_otherwise() -> None:
    def draws(seed: int) -> list[float]:
        house = House(seed=seed)
        return [house.wait_s("openai", "first") for _ in range(5)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)


def test_what_one_provider_draws_does_not_move_anothers_draws() -> None:
    alone, together = House(seed=1), House(seed=1)
    together.wait_s("groq", "first")
    assert alone.wait_s("openai", "first") == together.wait_s("openai", "first")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("speaks", sorted(ALL))
def test_every_profile_knows_every_step_of_every_protocol(profile: str, speaks: str) -> None:
    assert set(PROFILES[profile][speaks]) == set(steps_of(speaks))  # pyright: ignore[reportArgumentType]


def test_single_steps_can_be_set_and_the_others_stay() -> None:
    house = House(profile="none")
    house.set_latencies("openai", {"first": of(250)})
    assert house.latencies["openai"] == {"first": of(250), "next": NONE}


def test_step_that_a_protocol_has_not_is_refused() -> None:
    with pytest.raises(LatencyError, match=r'cartesia has no step "final"'):
        House().set_latencies("cartesia", {"final": of(1)})
