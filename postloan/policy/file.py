"""Reading a policy file: merged with what it extends, validated, each value by the day from which it holds."""

from __future__ import annotations

import hashlib
import json
import tomllib
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import AfterValidator, BaseModel, ValidationError

from postloan.errors import CalendarError, PolicyError
from postloan.policy.sections import Policy

MISSING_REQUIRED = "missing"
PRESETS = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class PolicyFile:
    """A policy as written, values by date and all; `version` is the same for the same content."""

    values: dict[str, Any]
    name: str = "policy.toml"

    @cached_property
    def version(self) -> str:
        """Twelve hex digits of the SHA-256 of the content."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()[:12]

    def as_json(self) -> str:
        """The content as canonical JSON, as the book keeps it."""
        return json.dumps(self.values, sort_keys=True, ensure_ascii=False, default=str)

    def at(self, day: date) -> Policy:
        """The policy in force on `day`. Before the first date of a dated key its first value holds."""
        started = bisect_right(self._starts, day)
        if started not in self._validated:
            self._validated[started] = _validate(_in_force(self.values, day), self.name)
        return self._validated[started]

    @cached_property
    def _starts(self) -> list[date]:
        return self.dates()

    @cached_property
    def _validated(self) -> dict[int, Policy]:
        """The policy of each stretch in which no value changes, as far as it was asked for."""
        return {}

    def dates(self, leaving_out: Collection[str] = ()) -> list[date]:
        """The days on which some value changes, outside the sections left out."""
        return sorted(set().union(*(days for name, days in self._dated.items() if name not in leaving_out)))

    @cached_property
    def _dated(self) -> dict[str, set[date]]:
        """The days on which some value changes, by section."""
        return {name: _dates(value) for name, value in self.values.items()}

    def periods(self, leaving_out: Collection[str] = ()) -> list[tuple[date, date, Policy]]:
        """(first day, last day, values) of every stretch in which no value changes, in order. The sections left
        out have the values of its first day."""
        starts = [date.min, *self.dates(leaving_out)]
        ends = [day - timedelta(days=1) for day in starts[1:]] + [date.max]
        return [(first, last, self.at(first)) for first, last in zip(starts, ends, strict=True)]


def load(path: Path) -> PolicyFile:
    """Read, merge with what it extends, and validate on every day on which a value changes.

    Raises PolicyError with the key, the value and what is allowed.
    """
    file = PolicyFile(_read(path, ()), str(path))
    _check_dates(file.values, (), file.name)
    for day in [date.min, *file.dates()]:
        try:
            file.at(day).working_days  # noqa: B018  an unknown country must be refused here
        except CalendarError as error:
            raise PolicyError(f"{path} is refused:\n  {error}") from None
    return file


def from_json(text: str, name: str = "the book's policy") -> PolicyFile:
    """A policy version as the book keeps it."""
    return PolicyFile(json.loads(text), name)


def completed(kept: PolicyFile, today: PolicyFile) -> PolicyFile:
    """A kept policy with the keys that it did not know yet, as today's policy has them: a case that
    waited through an upgrade of the program finishes under its own values."""
    return PolicyFile(_merge(today.values, kept.values), kept.name)


def explain(dotted: str) -> dict[str, str]:
    """Rule id, source, unit and allowed values of a key. Raises PolicyError for an unknown key."""
    model: Any = Policy
    field = None
    walked: list[str] = []
    for part in dotted.split("."):
        fields = getattr(model, "model_fields", None)
        if fields is None and _kinds(field) is not None:
            model, field = _kinds(field), None
            walked.append(part)
            continue
        if not fields or part not in fields:
            known = ", ".join([*walked, name] and ".".join([*walked, name]) for name in fields or {})
            raise PolicyError(f"the policy has no key {dotted!r}; known here: {known or 'nothing below'}")
        field = fields[part]
        walked.append(part)
        model = field.annotation
    if field is None or not field.json_schema_extra:
        names = ", ".join(f"{dotted}.{n}" for n in getattr(model, "model_fields", {}))
        raise PolicyError(f"{dotted} is a section; ask for one of: {names}")
    extra = field.json_schema_extra
    bounds = ", ".join(str(m) for m in field.metadata if not isinstance(m, AfterValidator))
    return {
        "key": dotted,
        "rule": extra["rule"],
        "source": extra["source"],
        "unit": extra["unit"],
        "allowed": (str(model).replace("typing.", "") if not isinstance(model, type) else model.__name__)
        + (f"; {bounds}" if bounds else ""),
    }


def _kinds(field: Any) -> Any:
    args = getattr(field.annotation, "__args__", ()) if field else ()
    return args[1] if len(args) == 2 and isinstance(args[1], type) and issubclass(args[1], BaseModel) else None


def _read(path: Path, chain: tuple[Path, ...]) -> dict[str, Any]:
    if path in chain:
        raise PolicyError(f"{path} extends itself: {' -> '.join(p.name for p in (*chain, path))}")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise PolicyError(f"there is no policy file {path}; name one with --policy or POSTLOAN_POLICY") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path} is not valid TOML: {error}") from None
    base = values.pop("extends", None)
    if base is None:
        return values
    if not isinstance(base, str):
        raise PolicyError(f'{path}: extends = {base!r}; allowed: the name of a policy file, extends = "policy.toml"')
    beside = (path.parent / base).resolve()
    # The presets that come with the program are found by their name from anywhere.
    found = beside if beside.exists() and beside != path else PRESETS / base
    return _merge(_read(found if found.exists() else beside, (*chain, path)), values)


def _merge(base: dict, over: dict) -> dict:
    merged = dict(base)
    for name, value in over.items():
        both = isinstance(value, dict) and isinstance(base.get(name), dict)
        merged[name] = _merge(base[name], value) if both else value
    return merged


def _as_date(value: date | str) -> date:
    if isinstance(value, datetime):
        raise ValueError("a moment, not a day")
    return value if isinstance(value, date) else date.fromisoformat(value)


def _is_dated(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(v, dict) and set(v) == {"from", "value"} for v in value)
    )


def _in_force(value: Any, day: date) -> Any:
    if _is_dated(value):
        by_date = sorted(value, key=lambda v: _as_date(v["from"]))
        return next((v for v in reversed(by_date) if _as_date(v["from"]) <= day), by_date[0])["value"]
    if isinstance(value, dict):
        return {name: _in_force(v, day) for name, v in value.items()}
    return value


def _check_dates(value: Any, path: tuple[str, ...], name: str) -> None:
    """Refuse dated values that are not: a `from` that is no date, or one date twice."""
    where = ".".join(path)
    if isinstance(value, list) and any(isinstance(v, dict) and "from" in v for v in value):
        if not _is_dated(value):
            raise PolicyError(f"{name} is refused:\n  {where}: a dated value is {{ from = 2026-01-01, value = … }}")
        seen = []
        for v in value:
            given = v["from"]
            try:
                seen.append(_as_date(given) if isinstance(given, date | str) else date.fromisoformat("?"))
            except ValueError:
                raise PolicyError(
                    f"{name} is refused:\n  {where}: from = {given!r} is not a date; allowed: from = 2026-01-01"
                ) from None
        twice = next((day for day in seen if seen.count(day) > 1), None)
        if twice:
            raise PolicyError(f"{name} is refused:\n  {where}: two values from {twice}; allowed: one for each day")
    elif isinstance(value, dict):
        for part, below in value.items():
            _check_dates(below, (*path, part), name)


def _dates(value: Any) -> set[date]:
    if _is_dated(value):
        return {_as_date(v["from"]) for v in value}
    if isinstance(value, dict):
        return set().union(*(_dates(v) for v in value.values())) if value else set()
    return set()


def _validate(values: dict[str, Any], name: str) -> Policy:
    try:
        # As JSON, whose strict types know no "15" for 15 and no 0 for false, but dates and decimals as text.
        return Policy.model_validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        lines = []
        for fault in error.errors():
            where = ".".join(str(p) for p in fault["loc"])
            if fault["type"] == MISSING_REQUIRED:
                lines.append(f"  {where}: missing")
            elif fault["type"] == "extra_forbidden":
                lines.append(f"  {where}: there is no such key")
            else:
                lines.append(f"  {where} = {fault['input']!r}: {fault['msg']}")
        raise PolicyError(f"{name} is refused:\n" + "\n".join(lines)) from None
