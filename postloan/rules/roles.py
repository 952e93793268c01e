"""The roles that people hold, by the names of the code and by those of the trade (glossary)."""

from __future__ import annotations

OFFICER = "account_officer"
SUPERVISOR = "credit_supervisor"
RISK_CONTROL = "risk_control"

# Role: its Chinese title, then other words for it that a feed may hold.
ROLES = {
    "account_officer": ("客户经理", "管户客户经理", "信贷员", "管户经理"),
    "credit_supervisor": ("信贷主管", "信贷科长", "信贷部主管"),
    "risk_control": ("风险控制", "风险控制岗", "风控", "风控岗", "风险经理", "风险管理"),
    "credit_administration": ("信贷管理岗", "信贷管理", "信贷管理部"),
    "archivist": ("档案管理人员", "档案管理员", "档案管理岗", "档案岗"),
    "collector": ("催收员", "催收", "催收岗", "清收"),
    "collection_head": ("催收主管", "清收主管"),
    "legal": ("法务", "法务岗", "法律事务"),
    "finance": ("财务", "财务部", "财务岗"),
    "risk_committee": ("风险管理委员会", "风险委员会", "审贷会"),
    "risk_secretary": ("风险管理委员会秘书", "审贷会秘书"),
    "general_manager": ("总经理", "行长"),
    "board": ("董事会", "董事"),
    "supervision": ("监察岗", "监察", "监察部", "稽核", "审计"),
    "operations": ("运营", "运营岗", "运营人员", "会计"),
}


def title(role: str, language: str = "zh") -> str:
    """How people call a role; one that an institution added goes by its own name."""
    if language == "zh" and role in ROLES:
        return ROLES[role][0]
    return role.replace("_", " ")


# What people do in a case: the duties that one person must not combine (REC-6).
DUTIES = {
    "report": "经办人员",
    "sign": "信贷主管",
    "review": "风险控制",
    "supervise": "信贷主管",
    "handle": "处置人",
    "confirm": "风险认定",
    "propose": "建议",
    "approve": "审批",
    "obtain": "经办",
    "check": "核对",
    "rectify": "整改",
    "supervision": "监督检查",
    "authorise": "受理决定",
    "prepare": "材料准备",
    "enter": "登记",
    "verify": "复核",
    "release": "权证保管",
    "archive": "档案管理",
    "take-over": "接收",
    "investigate": "责任调查",
    "answer": "责任人",
    "determine": "责任认定",
}


def duty_title(duty: str) -> str:
    """A duty in Chinese; those of the levels above are numbered."""
    if duty.startswith("approve-"):
        return f"第{duty.removeprefix('approve-')}级审批"
    return "上级决定" if duty.startswith("decide-") else DUTIES.get(duty, duty)
