"""The bill of one call: what was used, times what it costs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from calls.costs.prices import Price, PriceTable
from calls.usage.usage import Usage
from services.provider import Stage

# A part is rounded to this, so that the parts of a bill are its sum to the last digit.
_ROUNDED_TO = Decimal("0.000000001")
_MILLION = Decimal(1_000_000)
_SECONDS_A_MINUTE = Decimal(60)


@dataclass(frozen=True)
class Part:
    """One provider's model in one call.

    Parameters:
        stage: What it did.
        provider: As in the settings.
        model: As the provider calls it.
        used: How much of what.
        amount: In money; None where there is no price.
        price: The key of the row of the price table, "" where there is none.
        estimated: Whether some of it is Switchboard's own estimate.
    """

    stage: Stage
    provider: str
    model: str
    used: Mapping[str, Decimal]
    amount: Decimal | None
    price: str = ""
    estimated: bool = False

    @property
    def name(self) -> str:
        return f"{self.provider} {self.model}".strip()

    def facts(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "provider": self.provider,
            "model": self.model,
            "used": {name: _number(quantity) for name, quantity in self.used.items()},
            "amount": _plain(self.amount),
            "price": self.price,
            "estimated": self.estimated,
        }


@dataclass(frozen=True)
class Cost:
    """What a call cost.

    Parameters:
        currency: Of all amounts.
        parts: By stage, provider and model, in the order in which they were first used.
        prices: The version of the price table.
    """

    currency: str
    parts: tuple[Part, ...]
    prices: str = ""

    @property
    def amount(self) -> Decimal | None:
        """The sum of what has a price; None where something was used and nothing has one."""
        priced = [part.amount for part in self.parts if part.amount is not None]
        return sum(priced, Decimal(0)) if priced or not self.parts else None

    @property
    def unpriced(self) -> tuple[str, ...]:
        """As in "openai gpt-9": what was used and has no price."""
        return tuple(dict.fromkeys(part.name for part in self.parts if part.amount is None))

    def facts(self) -> dict[str, Any]:
        """As it stands in a record; amounts are decimal numbers in strings."""
        return {
            "amount": _plain(self.amount),
            "currency": self.currency,
            "parts": [part.facts() for part in self.parts],
            "unpriced": list(self.unpriced),
            "prices": self.prices,
        }


class Bill:
    """Adds up what one call uses.

    Parameters:
        prices: What it costs.
    """

    def __init__(self, prices: PriceTable) -> None:
        self._prices = prices
        self._sums: dict[tuple[Stage, str, str, bool], dict[str, Decimal]] = {}
        self._estimated: set[tuple[Stage, str, str, bool]] = set()

    def add(self, usage: Usage) -> None:
        """Something was used."""
        key = (usage.stage, usage.provider, usage.model, usage.here)
        sums = self._sums.setdefault(key, {})
        for name, quantity in usage.quantities.items():
            # Through its text: a float's own digits are not what was measured.
            sums[name] = sums.get(name, Decimal(0)) + Decimal(str(quantity))
        if usage.estimated:
            self._estimated.add(key)

    def cost(self) -> Cost:
        """What all of it costs."""
        parts = tuple(self._part(key) for key in self._sums)
        return Cost(self._prices.currency, parts, self._prices.version)

    def _part(self, key: tuple[Stage, str, str, bool]) -> Part:
        stage, provider, model, here = key
        used = self._sums[key]
        price = self._prices.price_of(Usage(stage, provider, model, here=here))
        amount = _amount(price, used).quantize(_ROUNDED_TO) if price else None
        return Part(
            stage, provider, model, used, amount, price.key if price else "", key in self._estimated
        )


def cost_of(usages: Iterable[Mapping[str, Any]], prices: PriceTable) -> Cost:
    """What a call cost whose "usage" events had these facts, such as one that was cut off."""
    bill = Bill(prices)
    for facts in usages:
        bill.add(Usage.of_facts(facts))
    return bill.cost()


def _amount(price: Price, used: Mapping[str, Decimal]) -> Decimal:
    rates = price.rates
    if "speech_s" in used:
        return used["speech_s"] / _SECONDS_A_MINUTE * rates["price"]
    if "characters" in used:
        return used["characters"] / _MILLION * rates["price"]
    cached, written = used["cached_tokens"], used["cache_written_tokens"]
    plain = used["prompt_tokens"] - cached - written
    tokens = (
        plain * rates["in"]
        + cached * rates.get("cached", rates["in"])
        + written * rates.get("cache_write", rates["in"])
        + used["completion_tokens"] * rates["out"]
    )
    return tokens / _MILLION


def _plain(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount.normalize(), "f")


def _number(quantity: Decimal) -> int | float:
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)
