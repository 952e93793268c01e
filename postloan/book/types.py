"""Column types that keep money, rates and moments exact on SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Numeric, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


class _Exact(TypeDecorator[Decimal]):
    """A Decimal with a fixed number of places: NUMERIC on PostgreSQL; on SQLite, which would make
    it a binary REAL, an INTEGER of the smallest unit."""

    impl = Numeric
    cache_ok = True
    places = 2
    digits = 20

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(Numeric(self.digits, self.places))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        if isinstance(value, bool | float) or not isinstance(value, Decimal | int):
            raise TypeError(f"{type(self).__name__} takes a Decimal, not {value!r}")
        value = Decimal(value)
        exact = value.quantize(Decimal(1).scaleb(-self.places))
        if exact != value:
            raise ValueError(f"{value} has more than {self.places} decimal places")
        return int(exact.scaleb(self.places)) if dialect.name == "sqlite" else exact

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return Decimal(int(value)).scaleb(-self.places)
        return Decimal(value).quantize(Decimal(1).scaleb(-self.places))


class Money(_Exact):
    """An amount in the row's currency, to the cent (two places)."""

    cache_ok = True


class Rate(_Exact):
    """Percent per year, to six places: 4.35 means 4.35 %."""

    cache_ok = True
    places = 6
    digits = 12


class Moment(TypeDecorator[datetime]):
    """A point in time, always aware and in UTC; ISO 8601 text on SQLite so that it sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(
            String(32) if dialect.name == "sqlite" else DateTime(timezone=True)  # type: ignore[arg-type]
        )

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        value = value.astimezone(UTC)
        return value.isoformat(timespec="microseconds") if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)
