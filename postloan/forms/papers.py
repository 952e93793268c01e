"""Documents that lapse."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from postloan.forms.base import LONG, Form


class LapsingDocument(Form):
    """The officer has the new document, or asks for a waiver (INS-11)."""

    decision: Literal["已取得 obtained", "申请豁免 ask for a waiver"] = Field(title="办理结果 Result")
    document: str = Field("", title="文件名称与编号 Document, number", max_length=200)
    valid_until: str = Field(
        "", title="新的到期日 Valid until (YYYY-MM-DD)", pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"
    )
    remark: str = Field("", title="说明 Remark", max_length=LONG)

    @property
    def obtained(self) -> bool:
        return self.decision.startswith("已取得")
