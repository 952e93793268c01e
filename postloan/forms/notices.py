"""Notices that could not be delivered."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from postloan.forms.base import LONG, Form


class UndeliveredNotice(Form):
    """Operations decide what becomes of a notice that could not be sent (MAT-1)."""

    decision: Literal["重发 send again", "已送达 it did arrive", "放弃 give up"] = Field(title="处理 Decision")
    address: str = Field("", title="更正后的地址 Corrected address, if any", max_length=200)
    remark: str = Field(title="说明 Remark", min_length=2, max_length=LONG)
