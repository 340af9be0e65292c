"""The table of prices, and the row that holds for something that was used."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from calls.usage.usage import Usage
from services.provider import Stage

SHIPPED = Path(__file__).parents[1] / "prices.toml"

_RATES = {
    "1M tokens": (("in", "out"), ("cached", "cache_write")),
    "1M characters": (("price",), ()),
    "minute of audio": (("price",), ()),
}
UNITS: Mapping[Stage, str] = {
    "llm": "1M tokens",
    "tts": "1M characters",
    "stt": "minute of audio",
}
_FIELDS = ("provider", "model", "unit", "currency", "date", "source")
_MORE_FIELDS = ("here", "note")


class PricesError(ValueError):
    """A table of prices is wrong. The message says where, and what would be right."""


@dataclass(frozen=True)
class Price:
    """One row.

    Parameters:
        key: The row's name.
        provider: As in the settings, or a pattern.
        models: Patterns of models.
        unit: What `rates` are for: "1M tokens", "1M characters" or "minute of audio".
        rates: Prices by what is counted.
        currency: Of the rates.
        date: When they were published.
        source: Where.
        here: Whether it holds only for what was asked at an address of this machine.
        note: What else there is to know.
    """

    key: str
    provider: str
    models: tuple[str, ...]
    unit: str
    rates: Mapping[str, Decimal]
    currency: str
    date: date
    source: str
    here: bool = False
    note: str = ""

    def fit(self, usage: Usage) -> tuple[bool, int, int] | None:
        """How closely it fits something that was used: greater is closer; None: not at all."""
        if self.unit != UNITS[usage.stage] or (self.here and not usage.here):
            return None
        if not fnmatchcase(usage.provider, self.provider):
            return None
        fitting = [_letters(m) for m in self.models if fnmatchcase(usage.model, m)]
        return (self.here, _letters(self.provider), max(fitting)) if fitting else None


@dataclass(frozen=True)
class PriceTable:
    """All prices that are known.

    Parameters:
        version: Of the table.
        currency: Of every row.
        rows: By key.
    """

    version: str
    currency: str
    rows: Mapping[str, Price] = field(repr=False)

    def price_of(self, usage: Usage) -> Price | None:
        """The row that fits most closely, None where there is none."""
        fits = [(fit, row) for row in self.rows.values() if (fit := row.fit(usage)) is not None]
        return max(fits, key=lambda found: found[0])[1] if fits else None


@cache
def price_table(own: Path | None = None) -> PriceTable:
    """The table that comes with Switchboard, with the rows of a file of one's own laid over it.

    Raises:
        PricesError: a file cannot be read, or is no table of prices.
    """
    content = _read(SHIPPED)
    version, rows = str(content["version"]), dict(content["row"])
    if own is not None:
        more = _read(own)
        _only(own, more, ("version", "currency", "row"))
        content |= {name: more[name] for name in ("currency",) if name in more}
        for key, row in more.get("row", {}).items():
            rows[key] = {**rows.get(key, {}), **row}
        version = f"{version} and {own.name}"
    where = own or SHIPPED
    prices = {key: _price(where, key, row) for key, row in rows.items()}
    currency = str(content["currency"])
    for price in prices.values():
        if price.currency != currency:
            raise PricesError(
                f"{where}: the row {price.key} is in {price.currency}, the table in {currency}. "
                "Sums need one currency: convert the row's prices."
            )
    return PriceTable(version, currency, prices)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file, parse_float=Decimal)
    except OSError as error:
        raise PricesError(f"PRICES_FILE: {path} cannot be read: {error.strerror}.") from None
    except tomllib.TOMLDecodeError as error:
        raise PricesError(f"PRICES_FILE: {path} is no TOML: {error}.") from None


def _price(path: Path, key: str, row: Mapping[str, Any]) -> Price:
    where = f"{path}: the row {key}"
    if missing := [name for name in _FIELDS if name not in row]:
        raise PricesError(f"{where} lacks {', '.join(missing)}.")
    if row["unit"] not in _RATES:
        raise PricesError(f'{where} has the unit "{row["unit"]}"; known are: {", ".join(_RATES)}.')
    needed, possible = _RATES[row["unit"]]
    _only(where, row, (*_FIELDS, *_MORE_FIELDS, *needed, *possible))
    if not isinstance(row["date"], date):
        raise PricesError(f"{where} has date = {row['date']}; write it as in 2026-11-21.")
    models = row["model"]
    return Price(
        key=key,
        provider=str(row["provider"]),
        models=(models,) if isinstance(models, str) else tuple(models),
        unit=row["unit"],
        rates=_rates(where, row, needed, possible),
        currency=str(row["currency"]),
        date=row["date"],
        source=str(row["source"]),
        here=bool(row.get("here", False)),
        note=str(row.get("note", "")),
    )


def _rates(
    where: str, row: Mapping[str, Any], needed: tuple[str, ...], possible: tuple[str, ...]
) -> dict[str, Decimal]:
    rates: dict[str, Decimal] = {}
    for name in (*needed, *possible):
        if name not in row:
            if name in needed:
                raise PricesError(f"{where} lacks {name}, the price of {row['unit']}.")
            continue
        value = row[name]
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
            raise PricesError(f"{where} has {name} = {value}; write a number, as in 0.15.")
        rates[name] = Decimal(value)
    return rates


def _only(where: object, row: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if unknown := [name for name in row if name not in known]:
        raise PricesError(f"{where} has {', '.join(unknown)}; known are: {', '.join(known)}.")


def _letters(pattern: str) -> int:
    return len(pattern.replace("*", ""))
