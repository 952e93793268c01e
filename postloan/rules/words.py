"""The codes of the book as people read them, in Chinese and English (glossary).

A code that an institution added, or that is of a policy's own, goes by its own name.
"""

from __future__ import annotations

import re

from postloan.rules import roles, signals
from postloan.rules.classification import TITLES as RISK_CLASSES

# Vocabulary: code: (Chinese, English).
WORDS: dict[str, dict[str, tuple[str, str]]] = {
    "borrower": {
        "corporate": ("公司客户", "company"),
        "small_enterprise": ("小微企业", "small enterprise"),
        "personal": ("个人", "private person"),
    },
    "repayment": {
        "bullet": ("到期一次还本付息", "principal and interest at maturity"),
        "equal_instalment": ("等额本息", "equal instalments"),
        "equal_principal": ("等额本金", "equal parts of principal"),
        "interest_only": ("按期付息、到期还本", "interest by period, principal at maturity"),
        "custom": ("按约定计划还款", "as scheduled"),
    },
    "security": {
        "credit": ("信用", "none (credit)"),
        "guaranteed": ("保证", "guarantee"),
        "mortgaged": ("抵押", "mortgage"),
        "pledged": ("质押", "pledge"),
    },
    "day_count": {
        "actual/360": ("实际天数/360", "actual/360"),
        "actual/365": ("实际天数/365", "actual/365"),
        "30/360": ("每月30天/360", "30/360"),
    },
    "guarantee": {
        "joint": ("连带责任保证", "joint and several"),
        "general": ("一般保证", "general"),
    },
    "risk_class": {code: (chinese, code.replace("_", " ")) for code, chinese in RISK_CLASSES.items()},
    "customer_class": {
        "normal": ("正常客户", "normal"),
        "potential_risk": ("潜在风险客户", "potential risk"),
        "non_performing": ("不良客户", "non-performing"),
    },
    "bucket": {
        "current": ("未逾期", "current"),
        "written_off": ("已核销", "written off"),
        "settled": ("已结清", "settled"),
    },
    "measure": {
        "voluntary": ("自愿偿还", "paid of their own accord"),
        "repayment_plan": ("还款计划", "repayment plan"),
        "restructuring": ("重组", "restructuring"),
        "collateral": ("处置抵质押物", "sale of collateral"),
        "guarantor": ("保证人代偿", "guarantor"),
        "preservation": ("诉讼保全", "preservation of assets"),
        "litigation": ("诉讼", "litigation"),
        "enforcement": ("强制执行", "enforcement"),
        "debt_transfer": ("债权转让", "sale of the claim"),
        "debt_assumption": ("债务承担", "debt assumption"),
        "rescue_loan": ("救助性贷款", "rescue loan"),
        "write_off": ("核销", "write-off"),
    },
    "source": {
        "core": ("核心系统报送", "core banking system"),
        "schedule": ("还款计划与收款", "schedule and receipts"),
        "settled": ("已结清", "settled"),
    },
    "instalment": {
        "paid": ("已还清", "paid"),
        "settled": ("已结清", "settled"),
        "overdue": ("逾期", "overdue"),
        "part": ("部分已还", "partly paid"),
        "due": ("未到期", "to come"),
        "unknown": ("—", "—"),
    },
    "case": {
        "open": ("办理中", "open"),
        "closed": ("已办结", "closed"),
        "cancelled": ("已撤销", "cancelled"),
    },
    "task": {
        "open": ("待答复", "waiting"),
        "answered": ("已答复", "answered"),
        "refused": ("未被接受", "not accepted"),
        "superseded": ("已被取代", "superseded"),
    },
    "outcome": {
        "archived": ("已归档", "archived"),
        "cleared": ("信号已消除", "cleared"),
        "resolved": ("风险已化解", "resolved"),
        "changed": ("方案已调整", "plan changed"),
        "followed": ("按方案推进", "on plan"),
        "refused": ("不同意", "refused"),
        "verified": ("资金流向已核实", "verified"),
        "misused": ("资金流向不符", "not used as agreed"),
        "carried_over": ("已结转", "carried over"),
        "rectified": ("已整改", "rectified"),
        "no_findings": ("无问题", "no findings"),
        "not_suspended": ("未停牌", "not suspended"),
        "resumed": ("已复牌", "resumed"),
        "obtained": ("已取得", "obtained"),
        "waived": ("已豁免", "waived"),
        "entered": ("已登记", "entered"),
        "reviewed": ("已审阅", "reviewed"),
        "on_time": ("预计按期归还", "expected on time"),
        "extension": ("申请展期", "extension asked for"),
        "renewal": ("申请续贷", "renewal asked for"),
        "refinancing": ("借新还旧", "refinancing asked for"),
        "doubtful": ("还款存疑", "doubtful"),
        "prepared": ("已作催收准备", "collection prepared"),
        "slips_returned": ("回执已收回", "slips returned"),
        "slips_refused": ("有拒签回执", "slips refused"),
        "settled": ("已结清", "settled"),
        "settled_titles_kept": ("已结清，权证仍担保其他贷款", "settled, documents of title still secure other loans"),
        "signed": ("合同已签订", "contract signed"),
        "not_signed": ("合同未签订", "contract not signed"),
        "reversed": ("已冲正", "reversed"),
        "interrupted": ("时效已中断", "period interrupted"),
        "let_lapse": ("经批准放弃", "let lapse by the authority"),
        "cured": ("已还清逾期", "cured"),
        "handed_over": ("移交不良处置", "handed over to the workout"),
        "transferred": ("已由不良处置接管", "taken over by the workout"),
        "demand_proven": ("已送达并有凭证", "demanded, with proof"),
        "demand_refused": ("有拒收或无法送达", "refused or not reached"),
        "paused": ("已暂停计时", "clock paused"),
        "clock_resumed": ("已恢复计时", "clock runs again"),
        "withdrawn": ("不再申请", "not applied for"),
        "cancelled": ("已撤销", "cancelled"),
        "reopened": ("又有欠款，未结清", "owed again, not settled"),
    },
    "notice": {
        "task_assigned": ("待办通知", "task assigned"),
        "answer_confirmed": ("签署确认", "signature confirmed"),
        "task_reminder": ("催办通知", "task reminder"),
        "task_escalation": ("上报通知", "task escalation"),
        "first_inspection_announcement": ("首次检查通知", "announcement of the first inspection"),
        "document_reminder": ("资料到期提醒", "document reminder"),
        "instalment_reminder": ("还款提醒", "instalment reminder"),
        "repayment_notice": ("归还贷款提示通知书", "repayment notice"),
        "extension_approved": ("展期批准通知", "extension granted"),
        "extension_refused": ("展期不予批准通知", "extension refused"),
        "settlement_certificate": ("结清通知", "notice of settlement"),
        "call_list": ("催收电话名单", "call list"),
        "overdue_reminder": ("逾期提示", "overdue reminder"),
        "demand_notice": ("催收通知", "demand for payment"),
    },
    "notice_state": {
        "queued": ("待发送", "queued"),
        "sending": ("发送中", "being sent"),
        "sent": ("已发送", "sent"),
        "failed": ("发送失败", "failed"),
        "given_up": ("不再发送", "given up"),
    },
    "channel": {
        "email": ("电子邮件", "e-mail"),
        "sms": ("短信", "text message"),
        "webhook": ("内部消息", "webhook"),
    },
    "recipient": {
        "staff": ("员工", "staff"),
        "borrower": ("借款人", "borrower"),
        "guarantor": ("保证人", "guarantor"),
        "consignor": ("委托人", "consignor"),
        "mortgagor": ("抵押人", "mortgagor"),
        "pledgor": ("出质人", "pledgor"),
    },
    "variant": {
        "extension": ("展期", "extension"),
        "renewal": ("续贷", "renewal"),
        "refinancing": ("借新还旧", "refinancing"),
        "rescheduling": ("重组", "rescheduling"),
    },
    "extension_state": {
        "applied": ("审批中", "applied for"),
        "signed": ("已签合同", "signed"),
        "in_force": ("已生效", "in force"),
        "refused": ("不予批准", "refused"),
        "lapsed": ("已失效", "lapsed"),
    },
    "interruption": {
        "due": ("履行期届满", "fell due"),
        "demand": ("催收", "demand"),
        "agreement": ("同意履行", "agreement"),
        "payment": ("还款", "payment"),
        "suit": ("起诉", "suit"),
    },
    "right": {"limitation": ("诉讼时效", "limitation"), "guarantee": ("保证期间", "guarantee period")},
    "slip_state": {
        "out": ("未收回", "out"),
        "returned": ("已收回", "returned"),
        "refused": ("拒签", "refused"),
    },
    "title_state": {"kept": ("保管中", "kept"), "released": ("已交还", "handed back")},
    "stage": {"current": ("未逾期", "current"), "reminder": ("提醒", "reminder"), "early": ("早期", "early")},
    "contact_channel": {
        "call": ("电话", "call"),
        "sms": ("短信", "text message"),
        "email": ("电子邮件", "e-mail"),
        "letter": ("信函", "letter"),
        "visit": ("上门", "visit"),
    },
    "contact_role": {
        "borrower": ("借款人", "borrower"),
        "guarantor": ("保证人", "guarantor"),
        "consignor": ("委托人", "consignor"),
        "mortgagor": ("抵押人", "mortgagor"),
        "pledgor": ("出质人", "pledgor"),
        "co_debtor": ("共同债务人", "co-debtor"),
        "heir": ("继承人", "heir"),
        "attorney": ("代理律师", "attorney"),
        "third_party": ("联系人", "contact person"),
    },
    "contact_stop": {
        "opt_out": ("本人要求停止", "opted out"),
        "deceased": ("已死亡", "deceased"),
        "incapacitated": ("丧失行为能力", "lacks capacity"),
        "hospitalised": ("住院", "in hospital"),
        "represented": ("已委托律师", "represented by a lawyer"),
        "disputed": ("对债务有争议", "disputes the debt"),
        "cease": ("书面要求停止", "asked in writing to stop"),
        "refused": ("拒绝联系", "refused"),
        "workplace_refused": ("不得在单位联系", "not at the workplace"),
        "workplace_agreed": ("同意在单位联系", "agreed to the workplace"),
        "lost": ("失联", "lost"),
        "hours_agreed": ("同意其他时段", "agreed to other hours"),
        "electronic_consent": ("同意电子方式", "agreed to electronic messages"),
    },
    "contact_result": {
        "talked": ("与本人通话或见面", "talked to the person"),
        "no_answer": ("无人接听", "no answer"),
        "unavailable": ("关机或占线", "engaged or off"),
        "wrong": ("号码或地址有误", "wrong number or address"),
        "somebody_else": ("他人接听", "somebody else answered"),
        "would_not_talk": ("拒绝沟通", "would not talk"),
        "not_made": ("未进行", "did not take place"),
    },
    "promise": {
        "open": ("待履行", "open"),
        "kept": ("已履行", "kept"),
        "broken": ("未履行", "broken"),
        "superseded": ("已被取代", "superseded"),
    },
    "pause": {
        "moratorium": ("延期还款政策", "moratorium"),
        "dispute": ("争议", "dispute"),
        "disaster": ("灾害", "disaster"),
        "other": ("其他", "other"),
    },
    "work_reason": {
        "broken_promise": ("承诺未履行", "broken promise"),
        "promise_due": ("承诺今日到期", "promise due today"),
        "contact_due": ("应联系", "contact due"),
        "none": ("—", "—"),
    },
    "found_by": {"consignor": ("委托人", "consignor"), "lender": ("贷款人", "lender")},
    "charge": {"advance": ("垫款", "advance"), "fee": ("费用", "fee"), "penalty": ("罚息", "penalty interest")},
    "payment": {"drawdown": ("提款", "drawdown"), "payment": ("支付", "payment")},
    "payment_state": {
        "requested": ("待审核", "requested"),
        "approved": ("已同意", "approved"),
        "refused": ("未同意", "refused"),
    },
    "activity": {
        "on_site": ("现场检查", "on site"),
        "telephone": ("电话", "telephone"),
        "off_site": ("非现场", "off site"),
        "analysis": ("数据分析", "analysis"),
        "data_collection": ("资料收集", "collection of data"),
    },
    "relation": {
        "control": ("控制", "control"),
        "shareholding": ("持股", "shareholding"),
        "family": ("亲属", "family"),
        "common_management": ("共同管理", "common management"),
        "mutual_guarantee": ("互保", "mutual guarantee"),
        "other": ("其他关联", "other"),
    },
    "ledger": {
        "disbursed": ("放款", "disbursed"),
        "drawn": ("提款", "drawn"),
        "repaid": ("还款", "repaid"),
        "reversed": ("冲销", "reversed"),
        "rate_changed": ("利率变更", "rate changed"),
        "security_changed": ("担保变更", "security changed"),
        "extended": ("期限变更", "maturity changed"),
        "corrected": ("更正", "corrected"),
        "settled": ("结清", "settled"),
    },
    "step": {
        "assign": ("分派经办人", "officer assigned"),
        "announce": ("告知借款人", "borrower told"),
        "report": ("检查报告", "report"),
        "sign": ("主管签字", "signature"),
        "review": ("审核", "review"),
        "signals": ("登记预警信号", "signals recorded"),
        "archive": ("归档", "archive"),
        "level": ("上级决定", "decision above"),
        "rule": ("规则分类", "category by rule"),
        "propose": ("建议", "proposal"),
        "approve": ("审批", "approval"),
        "assign-handler": ("分派处置人", "handler assigned"),
        "handle": ("处置", "handling"),
        "feedback": ("反馈", "feedback"),
        "confirm": ("风险认定", "confirmation"),
        "clear": ("消除信号", "clearance"),
        "obtain": ("取得资料", "document obtained"),
        "enter": ("登记", "entry"),
        "follow": ("方案跟踪", "follow-up"),
        "tiers": ("审批层级", "levels of approval"),
        "basis": ("检查依据", "basis of the inspection"),
        "missing": ("应补篇数", "entries that are missing"),
        "verify": ("资金流向核实", "use verified"),
        "look": ("复查", "another look"),
        "resume": ("复牌决定", "resumption"),
        "rectify": ("整改", "rectification"),
        "accept": ("整改验收", "acceptance"),
        "check": ("核对", "check"),
        "decide": ("决定", "decision"),
        "sample": ("抽样", "sample"),
        "carry-over": ("余额结转", "carry-over"),
        "titles": ("权证清单", "documents of title held"),
        "parties": ("当事人", "parties"),
        "signers": ("签约方", "signers"),
        "tell": ("发送通知", "parties told"),
        "issue": ("出具通知书", "notice issued"),
        "slips": ("收回回执", "slips returned"),
        "archive-notice": ("通知书归档", "notice archived"),
        "prepare": ("催收准备", "preparation"),
        "statement": ("结清单核对", "statement checked"),
        "archive-statement": ("结清单归档", "statement archived"),
        "archive-certificate": ("结清证明归档", "certificate archived"),
        "release": ("权证交还", "document of title handed back"),
        "close-file": ("档案移交", "file closed"),
        "apply": ("展期申请", "application"),
        "late": ("逾期受理决定", "late application decided"),
        "late-filing": ("逾期申报决定", "late filing decided"),
        "investigate": ("调查与后评价", "investigation"),
        "consents": ("书面同意", "consents"),
        "levels": ("审批层级", "levels of approval"),
        "papers": ("委员会材料", "committee papers"),
        "archive-contract": ("合同归档", "contract archived"),
        "contract": ("合同签订", "contract signed"),
        "act": ("中断诉讼时效", "period interrupted"),
        "lapse": ("放弃权利审批", "lapse decided"),
        "compare": ("收款复核", "receipt compared"),
        "persons": ("可联系人", "people who may be contacted"),
        "diagnosis": ("违约原因诊断", "diagnosis"),
        "diagnosis-sign": ("诊断签字", "diagnosis signed"),
        "archive-diagnosis": ("诊断归档", "diagnosis archived"),
        "contact": ("下一次联系", "next contact"),
        "permit-contact": ("触达许可", "contact permission"),
        "result": ("联系结果", "result of the contact"),
        "trace": ("失联查找", "tracing"),
        "hand-over": ("移交不良处置", "handing over"),
        "deliver": ("通知书送达", "notice delivered"),
        "request": ("申请", "request"),
        "clock": ("计时变更", "clock set"),
    },
}


def word(code: str, vocabulary: str, language: str = "zh") -> str:
    """How people call a code of a vocabulary; "" for an empty one."""
    if vocabulary == "signal":
        return signals.title(code, language)
    if vocabulary == "role":
        return roles.title(code, language)
    found = WORDS[vocabulary].get(code)
    if found is None:
        return one_language(code, language) if " " in code else code.replace("_", " ").replace("-", " ")
    return found[0 if language == "zh" else 1]


STEP = re.compile(r"(?P<base>.+?)(?:-(?P<number>[0-9]+(?:-[0-9]+)*))?")


def step(name: str, language: str = "zh") -> str:
    """How people call a step; a round of rework or a level is numbered: 检查报告 2."""
    found = STEP.fullmatch(name)
    if found is None:
        return ""
    return f"{word(found['base'], 'step', language)} {found['number'] or ''}".strip()


BILINGUAL = re.compile(r"(?P<zh>[^A-Za-z]+) (?P<en>[A-Za-z].*)", re.DOTALL)
CHINESE = re.compile(r"[\u3000-\u9fff]")


def one_language(text: str, language: str = "zh") -> str:
    """What the forms offer in both languages, "符合 in order", in one of them; other text as it is."""
    found = BILINGUAL.fullmatch(text)
    if found is None or not CHINESE.search(found["zh"]):
        return text
    return found[language if language == "zh" else "en"].replace("_", " ").strip()
