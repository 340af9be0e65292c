"""Calls that are on record: their events, written as a call writes them."""

from datetime import UTC, datetime, timedelta
from typing import Any, Self

from calls.records.event import Event
from calls.records.store import RecordStore

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PROVIDERS = {
    "stt": {"name": "deepgram", "title": "Deepgram Nova-3", "stand_in": False},
    "llm": {"name": "openai", "title": "OpenAI", "stand_in": False},
    "tts": {"name": "cartesia", "title": "Cartesia Sonic", "stand_in": False},
}


class KeptCall:
    """The events of one call, in order.

    Parameters:
        call_id: Names it.
        began: When it was answered.
    """

    def __init__(self, call_id: str, *, began: datetime = NOON, **facts: Any) -> None:
        self.id = call_id
        self.began = began
        self.events: list[Event] = []
        opened = {"bot": "order_support", "channel": "phone", "providers": PROVIDERS, **facts}
        self.note(0.0, "call", call_id=call_id, **opened)

    def note(self, at_s: float, kind: str, **facts: Any) -> Self:
        seq, utc = len(self.events) + 1, self.began + timedelta(seconds=at_s)
        self.events.append(Event(self.id, seq, at_s, utc, kind, facts))
        return self

    def bot(self, at_s: float, text: str, **facts: Any) -> Self:
        return self.note(at_s, "heard", who="bot", text=text, **facts)

    def caller(self, at_s: float, text: str) -> Self:
        return self.note(at_s, "heard", who="caller", text=text)

    def turn(self, at_s: float, number: int, said: str, out_ms: float | None, **facts: Any) -> Self:
        """A turn whose stages lie as they do, `out_ms` from the end of speech to the answer."""
        share = {
            "transcript_final_ms": 0.35,
            "turn_end_ms": 0.42,
            "first_token_ms": 0.71,
            "first_speakable_text_ms": 0.74,
            "first_audio_ms": 0.98,
        }
        stages = {name: None if out_ms is None else part * out_ms for name, part in share.items()}
        known = {"filler_audio_out_ms": None, "tools": [], "interrupted": False, "failures": []}
        stages["first_audio_out_ms"] = out_ms
        return self.note(at_s, "turn", turn=number, said=said, **{**stages, **known, **facts})

    def ended(self, at_s: float, reason: str = "the caller hung up") -> Self:
        return self.note(at_s, "end", reason=reason, duration_s=at_s)


async def keep(store: RecordStore, *calls: KeptCall) -> None:
    """Have the store keep all events of these calls."""
    for call in calls:
        for event in call.events:
            store.put(event)
    await store.flush()


def good_call(call_id: str = "good", **facts: Any) -> KeptCall:
    """An order is found, at the second try of its number."""
    return (
        KeptCall(call_id, **facts)
        .note(0.4, "dead_air", turn=0, dead_air_ms=300.0, steps=0)
        .bot(2.1, "Hello, this is Maple Home Store. How can I help you?")
        .caller(5.2, "where is my order five one seven")
        .turn(5.6, 1, "where is my order five one seven", 812.0)
        .note(5.7, "dead_air", turn=1, dead_air_ms=812.0, steps=0)
        .bot(6.4, "Let me look that up.", said="filler")
        .note(
            7.3,
            "tool",
            name="find_order",
            arguments={"order_number": "517"},
            result={"arrives": "Wednesday afternoon"},
            duration_ms=640.0,
            error=None,
        )
        .bot(9.8, "Your order arrives on Wednesday afternoon. Is there anything else?")
        .note(9.0, "interruption")
        .caller(12.4, "no that is all thank you")
        .turn(12.9, 2, "no that is all thank you", 930.0)
        .note(13.0, "dead_air", turn=2, dead_air_ms=930.0, steps=0)
        .bot(14.9, "You are welcome. Goodbye!")
        .note(14.0, "usage", stage="llm", provider="openai", model="gpt-4.1", prompt_tokens=900)
        .note(14.1, "usage", stage="llm", provider="openai", model="gpt-4.1", prompt_tokens=134)
        .note(15.0, "outcome", outcome="resolved", by="tool", why="the order was found")
        .note(
            15.1,
            "cost",
            amount="0.0214",
            currency="USD",
            parts=[
                {"stage": "stt", "provider": "deepgram", "amount": "0.0021"},
                {"stage": "llm", "provider": "openai", "amount": "0.0093"},
                {"stage": "tts", "provider": "cartesia", "amount": "0.0100"},
            ],
            unpriced=[],
        )
        .ended(15.2, "bot said goodbye")
    )


def failed_call(call_id: str = "failed", **facts: Any) -> KeptCall:
    """The language model stops answering and its backups do, too; the bot gives up."""
    return (
        KeptCall(call_id, **facts)
        .bot(2.0, "Hello, this is Maple Home Store. How can I help you?")
        .caller(5.1, "i want to send back a lamp")
        .turn(5.5, 1, "i want to send back a lamp", 790.0)
        .note(5.6, "dead_air", turn=1, dead_air_ms=790.0, steps=0)
        .bot(8.9, "Put the lamp back into its box and print the label from our website.")
        .caller(12.3, "which website is that")
        .note(
            17.3,
            "provider_failed",
            stage="llm",
            provider="openai",
            how="silent",
            cost_ms=4600.0,
            went_to="anthropic",
        )
        .note(
            15.3,
            "silence_bound",
            turn=2,
            step="filler",
            text="One moment please.",
            owed_ms=3000.0,
            silent_ms=3000.0,
            outstanding=["llm"],
        )
        .bot(16.2, "One moment please.", said="spare")
        .note(
            21.9,
            "provider_failed",
            stage="llm",
            provider="anthropic",
            how="refused",
            cost_ms=4500.0,
            went_to="",
        )
        .note(22.4, "dead_air", turn=2, dead_air_ms=6200.0, steps=2)
        .bot(25.8, "I am sorry, I cannot answer right now. Please call again later.", said="spare")
        .turn(25.9, 2, "which website is that", None)
        .note(26.3, "outcome", outcome="failed", by="rules", why="no answer could be given")
        .ended(26.4, "no answer could be given")
    )
