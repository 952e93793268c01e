"""What the sections of the policy are made of."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from postloan.rules.roles import ROLES
from postloan.rules.signals import KINDS as SIGNALS


def key(rule: str, source: str, unit: str = "", default: Any = ..., **bounds: Any) -> Any:
    """A policy value: bounds for pydantic, with the rule's id, its source and its unit beside it."""
    return Field(default, json_schema_extra={"rule": rule, "source": source, "unit": unit}, **bounds)


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("allowed: an IANA time zone such as Asia/Shanghai") from None
    return name


def _known_role(name: str) -> str:
    if name not in ROLES:
        raise ValueError(f"allowed: a role, one of {', '.join(ROLES)}")
    return name


def _known_signal(name: str) -> str:
    if name not in SIGNALS:
        raise ValueError(f"allowed: a kind of signal, one of {', '.join(SIGNALS)}")
    return name


TimeZone = Annotated[str, AfterValidator(_time_zone)]
Role = Annotated[str, AfterValidator(_known_role)]
SignalKind = Annotated[str, AfterValidator(_known_signal)]
