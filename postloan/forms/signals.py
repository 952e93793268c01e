"""The closed loop of a warning signal."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from postloan.forms.base import LONG, Form


class SignalAssignment(Form):
    """The credit supervisor assigns a handler to a warning signal (SIG-1)."""

    handler: str = Field("", title="处置人工号 Handler's staff number (empty: the account officer)", max_length=32)
    instruction: str = Field(title="处置要求 What is to be done", min_length=2, max_length=LONG)


class SignalHandling(Form):
    """The handler says what is being done about the signal (SIG-1: 处置)."""

    finding: str = Field(title="核实情况 What was found", min_length=2, max_length=LONG)
    measures: str = Field(title="处置措施 Measures", min_length=2, max_length=LONG)


class SignalFeedback(Form):
    """The handler says what came of it (SIG-1: 反馈)."""

    result: Literal["风险已消除 gone", "风险缓解 eased", "未缓解 persists"] = Field(title="处置结果 Result")
    evidence: str = Field(title="结果说明与依据 Evidence", min_length=2, max_length=LONG)


class SignalConfirmation(Form):
    """Risk control judges the feedback (SIG-1: 认定)."""

    decision: Literal["认定消除 gone", "继续处置 go on", "上报 report upward"] = Field(title="认定 Decision")
    opinion: str = Field(title="认定意见 Opinion", min_length=2, max_length=LONG)

    @property
    def gone(self) -> bool:
        return self.decision.startswith("认定消除")

    @property
    def reported_upward(self) -> bool:
        return self.decision.startswith("上报")


class SignalClearance(Form):
    """The credit supervisor clears the signal, or has it handled on (SIG-1: 消除)."""

    decision: Literal["消除 clear", "继续处置 go on"] = Field(title="决定 Decision")
    evidence: str = Field(title="消除依据 What shows that it is gone", min_length=2, max_length=LONG)

    @property
    def cleared(self) -> bool:
        return self.decision.startswith("消除")
