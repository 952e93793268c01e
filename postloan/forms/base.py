"""What every form shares, and the forms that many paths use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model

LONG = 4000
F = TypeVar("F", bound="Form")


class Form(BaseModel):
    """Base of the forms: unknown fields are refused, text is stripped of blanks around it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def with_choices(form: type[F], **choices: tuple[str, Sequence[str]]) -> type[F]:
    """A form that also asks which of some things apply: {field: (title, what there is)}. A field of which there
    is nothing is left out."""
    fields: dict[str, Any] = {
        name: (list[Literal[tuple(options)]], Field([], title=title))  # type: ignore[valid-type]
        for name, (title, options) in choices.items()
        if options
    }
    return create_model(form.__name__, __base__=form, **fields)


def with_choice(form: type[F], name: str, title: str, options: Sequence[str]) -> type[F]:
    """A form that also asks for one of some things."""
    field: Any = (Literal[tuple(options)], Field(title=title))  # type: ignore[valid-type]
    return create_model(form.__name__, __base__=form, **{name: field})


def chosen(form: Form, name: str) -> list[str]:
    """What was chosen in a field that `with_choices` made; nothing where it was left out."""
    return list(getattr(form, name, []))


def chosen_one(form: Form, name: str) -> str:
    """What was chosen in a field that `with_choice` made."""
    return str(getattr(form, name))


def rows(form: Form) -> list[tuple[str, str]]:
    """What was filled in, as (title, text) in the order of the form; empty fields are left out."""
    found = []
    for name, info in type(form).model_fields.items():
        value = getattr(form, name)
        text = "、".join(value) if isinstance(value, list) else str(value)
        if text:
            found.append((str(info.title), text))
    return found


class SupervisorSignature(Form):
    """The credit supervisor reads, gives an opinion and signs, or has it inspected again (INS-4, INS-10)."""

    decision: Literal["签字 sign", "退回 return"] = Field(title="决定 Decision")
    opinion: str = Field(title="处理意见 Opinion", min_length=2, max_length=LONG)

    @property
    def returned(self) -> bool:
        return self.decision.startswith("退回")


class RiskReview(Form):
    """Risk control accepts the report or returns it for rework (INS-8)."""

    decision: Literal["合格 accept", "退回 return"] = Field(title="审核结论 Decision")
    opinion: str = Field(title="审核意见 Opinion", min_length=2, max_length=LONG)

    @property
    def returned(self) -> bool:
        return self.decision.startswith("退回")


class LevelDecision(Form):
    """A level above decides, or reports further upward (INS-10)."""

    decision: Literal["决定 decide", "上报 report upward"] = Field(title="决定 Decision")
    opinion: str = Field(title="处理意见 Opinion", min_length=2, max_length=LONG)

    @property
    def reported_upward(self) -> bool:
        return self.decision.startswith("上报")
