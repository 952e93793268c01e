"""Where a loan is not paid: the limitation period is interrupted, with proof (LIM-1)."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from postloan.forms.base import LONG, Form

ACTS = {
    "已催收 demanded": "demand",
    "同意履行 agreed to pay": "agreement",
    "已起诉 sued": "suit",
}


class LimitationAct(Form):
    """How the period was interrupted, and the proof; or that the right should be let lapse, with the reason."""

    decision: Literal[(*ACTS, "建议放弃 let it lapse")] = Field(title="办理结果 Result")  # type: ignore[valid-type]
    happened_on: date = Field(title="发生日期 On")
    delivery: Literal[
        "当面签收 signed in person", "挂号信 registered post", "公证送达 by notary", "法院 court", "其他 other"
    ] = Field("当面签收 signed in person", title="送达方式 Delivery")
    document: str = Field("", title="凭证(回执、邮寄单、立案通知) Proof", max_length=300)
    signed_by: str = Field("", title="签收人 Signed by", max_length=200)
    reason: str = Field("", title="建议放弃的理由 Why it may lapse", max_length=LONG)

    @property
    def lets_lapse(self) -> bool:
        return self.decision.startswith("建议放弃")

    @property
    def act(self) -> str:
        """The act as the book calls it."""
        return ACTS[self.decision]
