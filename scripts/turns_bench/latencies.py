"""The providers' latencies, and what they alone add up to."""

import random
from typing import Literal, get_args

from rehearsal.standins.latency import PROFILES, Latency, of
from rehearsal.standins.prompt import Reply, ToolCall, tokens_answered
from rehearsal.turns.script import ORDER, TOOL_S
from scripts.turns_bench.percentile import percentile

Profile = Literal["none", "fast", "slow", "even"]
"""Of rehearsal.standins.latency; `even`: the medians of `fast`, every time."""

PROFILE_NAMES: tuple[Profile, ...] = get_args(Profile)
_DRAWS = 5000


def floor(profile: Profile, *, seed: int) -> dict[str, float | None]:
    """What a plain turn, and one with a tool, take if nothing but the providers took time."""
    rng = random.Random(seed)
    named = PROFILES["fast" if profile == "even" else profile]
    final = _of(profile, named["deepgram-live"]["final"])
    token = _of(profile, named["openai-chat"]["first"])
    then = _of(profile, named["openai-chat"]["next"])
    audio = _of(profile, named["cartesia"]["first"])
    plain: list[float] = []
    tool: list[float] = []
    call = ORDER.calls[0]
    call_tokens = tokens_answered(Reply(calls=(ToolCall(call.tool, str(dict(call.arguments))),)))
    for _ in range(_DRAWS):
        heard, spoken = final.draw_ms(rng), audio.draw_ms(rng)
        plain.append(heard + token.draw_ms(rng) + spoken)
        calling = token.draw_ms(rng) + sum(then.draw_ms(rng) for _ in range(call_tokens - 1))
        ran = TOOL_S[call.tool] * 1000
        tool.append(heard + calling + ran + token.draw_ms(rng) + spoken)
    return {
        "v2v_p50_ms": percentile(plain, 50),
        "v2v_p95_ms": percentile(plain, 95),
        "tool_dead_air_ms": percentile(tool, 50),
    }


def _of(profile: Profile, latency: Latency) -> Latency:
    return of(latency.median_ms) if profile == "even" else latency
