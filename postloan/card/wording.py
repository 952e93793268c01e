"""What the book notes in its own words (reasons, changes, events), as people read it.

The rules and the trail write short English phrases, which are data: they are the same in every
installation. `PHRASES` says them in Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from postloan.rendering import money
from postloan.rules import kinds, words
from postloan.rules.collection import CAUSES
from postloan.rules.roles import duty_title

# What a rule (CLS-1, SIG-2) or the ledger notes: its pattern, and the Chinese for it.
PHRASES = (
    (r"(\d+) days past due", r"逾期 \1 天"),
    (r"a serious warning signal is open", "有未消除的重大预警信号"),
    (r"restructured on (\S+), under observation", r"\1 重组，处于观察期"),
    (r"past due again on (\S+) after the restructuring on (\S+)", r"\2 重组后 \1 再次逾期"),
    (r"(\S+) of the debtor's debts are non-performing", r"该债务人在本机构的债务 \1 为不良"),
    (r"by rule: nothing against it", "按规则：无不利情形"),
    (r"days past due: (\d+)", r"逾期 \1 天"),
    (r"loan (\S+)", r"借据 \1"),
    (r"collateral below the cover that the policy asks for", "押品价值低于规定的覆盖率"),
    (r"no notice reaches the borrower", "通知均无法送达借款人"),
    (r"no\. (\d+)", r"第 \1 笔"),
    (r"(\S+) reverses (\S+)", r"\1 冲销 \2"),
    (r"collateral (\S+)", r"押品 \1"),
    (r"rule:(\S+)", r"规则 \1"),
    (r"paid before it took force", "生效前已结清"),
    (r"no principal was left to extend", "已无本金可展期"),
)
FIELDS = {
    "annual_rate": ("年利率", "annual rate"),
    "principal": ("本金", "principal"),
    "matures_on": ("到期日", "maturity"),
    "disbursed_on": ("放款日", "disbursed on"),
    "original_maturity": ("原到期日", "original maturity"),
    "penalty_surcharge": ("罚息加收比例", "penalty surcharge"),
    "compound": ("复利", "compound"),
    "found_by": ("借款人推荐方", "borrower found by"),
    "base_rate": ("基准利率", "base rate"),
    "first_drawdown_on": ("首次提款日", "first drawdown"),
    "settled_on": ("结清日", "settled on"),
    "restructured_on": ("重组日", "restructured on"),
    "repayment": ("还款方式", "repayment"),
    "security": ("担保方式", "security"),
    "day_count": ("计息基础", "day count"),
    "borrower_no": ("客户号", "borrower"),
    "officer_no": ("客户经理", "officer"),
    "branch_no": ("机构", "branch"),
    "partner_no": ("合作机构", "partner"),
    "product": ("产品", "product"),
    "purpose": ("用途", "purpose"),
    "consignor": ("委托人", "consignor"),
    "currency": ("币种", "currency"),
    "high_risk": ("高风险", "high risk"),
    "amount": ("金额", "amount"),
    "until_on": ("保证期间至", "until"),
    "kind": ("种类", "kind"),
    "name": ("名称", "name"),
    "legal_representative": ("法定代表人", "legal representative"),
    "licence_until": ("营业执照到期日", "licence until"),
    "rating": ("评级", "rating"),
    "value": ("价值", "value"),
    "valued_on": ("评估日", "valued on"),
    "valuation_due": ("下次评估", "valuation due"),
    "insured_until": ("保险到期日", "insured until"),
    "secures": ("担保借据", "secures"),
    "owner": ("权属人", "owner"),
    "title_document": ("权证", "document of title"),
    "due_on": ("到期日", "due on"),
    "principal_due": ("应还本金", "principal due"),
    "interest_due": ("应还利息", "interest due"),
    "fee_due": ("应还费用", "fees due"),
    "paid_on": ("还款日", "paid on"),
    "channel": ("渠道", "channel"),
    "reverses": ("冲销", "reverses"),
    "drawn_on": ("提款日", "drawn on"),
    "charged_on": ("发生日", "charged on"),
    "principal_outstanding": ("本金余额", "principal outstanding"),
    "overdue_principal": ("逾期本金", "overdue principal"),
    "overdue_interest": ("逾期利息", "overdue interest"),
    "days_past_due": ("逾期天数", "days past due"),
    "status": ("状态", "status"),
    "detail": ("说明", "detail"),
    "source": ("来源", "source"),
    "cleared_on": ("消除日", "cleared on"),
    "segment": ("客户分层", "segment"),
    "language": ("语言", "language"),
    "phone": ("电话", "telephone"),
    "email": ("电子邮件", "e-mail"),
    "address": ("地址", "address"),
    "requested_on": ("申请日", "requested on"),
    "payee": ("收款人", "payee"),
    "evidence": ("凭证", "evidence"),
    "content": ("内容", "content"),
    "activity": ("工作内容", "activity"),
    "acted_on": ("日期", "done on"),
    "entered_on": ("记录日", "entered on"),
    "staff_no": ("工号", "staff"),
    "id_no": ("证件号码", "identity number"),
    "measure": ("处置方式", "measure"),
    "incurred_on": ("发生日", "incurred on"),
}
# Fields whose values are codes, and the vocabularies that may know one.
CODED = {
    "repayment": ("repayment",),
    "security": ("security",),
    "day_count": ("day_count",),
    "kind": ("guarantee", "borrower", "payment", "charge"),
    "found_by": ("found_by",),
    "activity": ("activity",),
}
NOUNS = {
    "loan": ("借据", "loan"),
    "borrower": ("借款人", "borrower"),
    "collateral": ("押品", "collateral"),
    "guarantee": ("保证", "guarantee"),
    "guarantor": ("保证人", "guarantor"),
    "instalment": ("还款计划", "instalment"),
    "repayment": ("收款", "receipt"),
    "position": ("核心系统余额", "position"),
    "rating": ("评级", "rating"),
    "signal": ("预警信号", "signal"),
    "drawdown": ("提款", "drawdown"),
    "payment": ("用款", "payment"),
    "charge": ("费用及垫款", "charge"),
    "interruption": ("时效中断", "interruption"),
    "consignor": ("委托人", "consignor"),
    "work_log_entry": ("工作日志", "work log entry"),
    "relation": ("关联关系", "relation"),
    "partner_position": ("合作机构数据", "partner's figures"),
    "recovery_cost": ("处置费用", "cost of a measure"),
    "staff": ("员工", "staff"),
    "branch": ("机构", "branch"),
    "contact_person": ("联系人", "contact person"),
    "contact_stop": ("联系限制", "stop of contacts"),
}
EVENTS = {
    "answer.refused": ("答复未被接受", "answer not accepted"),
    "business.resumed": ("业务复牌", "business resumed"),
    "business.suspended": ("业务停牌", "business suspended"),
    "case.cancelled": ("撤销", "case cancelled"),
    "case.closed": ("办结", "case closed"),
    "case.opened": ("立案", "case opened"),
    "charge.entered": ("登记费用", "charge entered"),
    "clock.paused": ("暂停计时", "clock paused"),
    "clock.resumed": ("恢复计时", "clock runs again"),
    "contact.noted": ("登记联系结果", "result of a contact"),
    "contact.permitted": ("许可联系", "contact permitted"),
    "contact.refused": ("不许可联系", "contact refused"),
    "contact.stop_lifted": ("解除联系限制", "stop of contacts lifted"),
    "contact.stopped": ("限制联系", "contacts stopped"),
    "default.diagnosed": ("违约原因诊断", "default diagnosed"),
    "promise.broken": ("承诺未履行", "promise broken"),
    "promise.kept": ("承诺已履行", "promise kept"),
    "promise.made": ("承诺还款", "promise to pay"),
    "stage.entered": ("逾期阶段", "stage of collection"),
    "consent.given": ("书面同意", "consent in writing"),
    "document.archived": ("归档", "document archived"),
    "extension.applied": ("申请展期", "extension applied for"),
    "extension.failed": ("展期未能生效", "extension could not be entered"),
    "extension.in_force": ("展期生效", "extension in force"),
    "extension.lapsed": ("展期失效", "extension lapsed"),
    "extension.refused": ("展期不予批准", "extension refused"),
    "extension.signed": ("展期合同签订", "extension contract signed"),
    "feed.taken": ("数据导入", "feed taken in"),
    "finding.entered": ("监督检查问题", "finding"),
    "finding.rectified": ("问题已整改", "finding rectified"),
    "groups.changed": ("客户群更新", "groups changed"),
    "ledger.carried_over": ("余额结转", "balances carried over"),
    "limitation.interrupted": ("诉讼时效中断", "limitation interrupted"),
    "loan.classified": ("风险分类认定", "classified"),
    "loans.classified": ("按规则分类", "classified by rule"),
    "notice.failed": ("通知未送达", "notice failed"),
    "notice.given_up": ("通知不再发送", "notice given up"),
    "notice.interrupted": ("通知发送中断", "notice interrupted"),
    "notice.queued": ("通知待发送", "notice queued"),
    "notice.requeued": ("通知重新发送", "notice to be sent again"),
    "notice.sent": ("通知已发送", "notice sent"),
    "payment.approved": ("同意用款", "payment approved"),
    "payment.refused": ("不同意用款", "payment refused"),
    "payment.verified": ("资金流向已核实", "use verified"),
    "plan.ended": ("管理方案结束", "plan ended"),
    "plan.made": ("制定管理方案", "plan made"),
    "policy.in_use": ("制度版本启用", "policy in use"),
    "receipt.entered": ("收款登记", "receipt entered"),
    "receipt.reversed": ("收款冲正", "receipt reversed"),
    "report.made": ("报告编制", "report made"),
    "round.done": ("日终巡检", "round done"),
    "run.replaced": ("流程已重启", "run replaced"),
    "run.tampered": ("流程被擅动，已重启", "run tampered with and replaced"),
    "signal.cleared": ("预警信号消除", "signal cleared"),
    "signal.raised": ("规则发现预警信号", "signal raised by a rule"),
    "signal.recorded": ("登记预警信号", "signal recorded"),
    "slip.refused": ("拒签回执", "slip refused"),
    "slip.returned": ("回执收回", "slip returned"),
    "staff.absent": ("员工缺勤", "absence"),
    "staff.enrolled": ("口令登记", "one-time codes enrolled"),
    "staff.locked": ("口令锁定", "one-time codes locked"),
    "step.done": ("系统完成", "done by the system"),
    "step.signed": ("签署", "signed"),
    "task.asked": ("请求办理", "asked"),
    "title.released": ("权证交还", "document of title handed back"),
    "work_log.entered": ("记入工作日志", "entered in the work log"),
    "loan.transferred": ("移交处置", "transferred to the workout"),
    "responsibility.determined": ("责任认定", "responsibility determined"),
    "disposal.approved": ("处置方案获批", "plan of disposal approved"),
    "disposal.ended": ("处置方案结束", "plan of disposal over"),
    "milestone.planned": ("安排处置节点", "milestone planned"),
    "milestone.done": ("处置节点完成", "milestone done"),
    "milestone.postponed": ("处置节点延期", "milestone postponed"),
    "milestone.dropped": ("处置节点取消", "milestone dropped"),
    "loan.written_off": ("核销", "written off"),
    "recovery.cost": ("处置费用", "cost of a measure"),
    "recovery.attributed": ("收款归入处置方式", "receipt put down to a measure"),
    "work_log.reviewed": ("工作日志审阅", "work log reviewed"),
}
DONE = {"changed": ("变更", "changed"), "renewed": ("更新", "renewed")}
# What a person decided, by the field of the form that says it.
DECISIONS = ("decision", "proposed", "result", "as_agreed", "impact")


@dataclass(frozen=True)
class Wording:
    """The words of one language; `titles` are those of the kinds that the policy adds."""

    language: str
    titles: Mapping[str, str]

    @property
    def colon(self) -> str:
        return self.pick(("：", ": "))

    @property
    def comma(self) -> str:
        return self.pick(("，", ", "))

    @property
    def semicolon(self) -> str:
        return self.pick(("；", "; "))

    def listed(self, texts: Sequence[str]) -> str:
        """Things of one sort in a row."""
        return self.pick(("、", ", ")).join(texts)

    def pick(self, both: tuple[str, str]) -> str:
        """One of (Chinese, English)."""
        return both[0 if self.language == "zh" else 1]

    def parts(self, *texts: Any) -> str:
        """The texts that are there, in a row."""
        return self.comma.join(str(text) for text in texts if text not in (None, ""))

    def say(self, code: Any, vocabulary: str) -> str:
        """A code in words."""
        return words.word(str(code or ""), vocabulary, self.language)

    def half(self, text: str) -> str:
        """What a form offers in both languages, in this one."""
        return words.one_language(text, self.language)

    def kind(self, kind: str) -> str:
        """A kind of case or duty."""
        if self.language == "zh" and kind in self.titles:
            return self.titles[kind]
        return kinds.title(kind, self.language)

    def outcome(self, outcome: Any) -> str:
        """How a case ended; a risk classification ends with the category."""
        return self.say(outcome, "risk_class" if outcome in words.WORDS["risk_class"] else "outcome")

    def step(self, name: str) -> str:
        return words.step(name, self.language)

    def duty(self, duty: str) -> str:
        """What somebody did in a case."""
        return duty_title(duty) if self.language == "zh" else duty.replace("-", " ").replace("_", " ")

    def field(self, name: str) -> str:
        """A column of the book."""
        return self.pick(FIELDS[name]) if name in FIELDS else name.replace("_", " ")

    def phrase(self, text: str) -> str:
        """What a rule or the ledger noted."""
        change = re.fullmatch(r"(\w+): (.*) → (.*)", text)
        if change and change[1] in FIELDS:
            return self.change(*change.groups())
        fields = re.fullmatch(r"(guarantee: )?(\w+(?:, \w+)*)", text)
        if fields and all(name in FIELDS for name in fields[2].split(", ")):
            noun = self.pick(NOUNS["guarantee"]) + self.colon if fields[1] else ""
            return noun + self.parts(*(self.field(name) for name in fields[2].split(", ")))
        if self.language == "zh":
            for pattern, chinese in PHRASES:
                if re.fullmatch(pattern, text):
                    return re.sub(pattern, chinese, text)
        return text.replace("rule:", "rule ") if text.startswith("rule:") else text

    def change(self, field: str, before: Any, after: Any) -> str:
        """A field that changed: 年利率 4.35 → 4.2."""
        return f"{self.field(field)} {self.value(field, before)} → {self.value(field, after)}"

    def value(self, field: str, value: Any) -> str:
        """A field's value: numbers without idle zeros, codes in words."""
        if value in (None, "", "None", []):
            return "—"
        if isinstance(value, bool):
            return self.pick(("是", "yes")) if value else self.pick(("否", "no"))
        if isinstance(value, list):
            return self.parts(*value)
        for vocabulary in CODED.get(field, ()):
            if value in words.WORDS[vocabulary]:
                return self.say(value, vocabulary)
        if field in ("annual_rate", "base_rate", "penalty_surcharge"):
            return f"{rate(value)} %"
        return amount(value) if re.fullmatch(r"-?\d+\.\d\d", str(value)) else str(value)

    def event(self, name: str, told: Mapping[str, Any]) -> str:
        """An event of the audit trail, with what it tells."""
        detail = self._detail(name, told)
        return f"{self._title(name)}{self.colon}{detail}" if detail else self._title(name)

    def events(self, links: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
        """One event; or the notices or documents of one moment, each in its last state: 通知已发送：待办通知，
        员工 S002、S004."""
        if len(links) == 1:
            return self.event(*links[0])
        last = {_subject(told): (name, told) for name, told in links}
        found: dict[str, list[str]] = {}
        for name, told in last.values():
            found.setdefault(self._title(name), []).append(self._detail(name, told))
        return self.semicolon.join(f"{title}{self.colon}{self._shared(details)}" for title, details in found.items())

    def _title(self, event: str) -> str:
        noun, _, what = event.partition(".")
        if event in EVENTS:
            return self.pick(EVENTS[event])
        if noun in NOUNS and what in DONE:
            return self.pick(("", " ")).join((self.pick(NOUNS[noun]), self.pick(DONE[what])))
        return event.replace(".", " ").replace("_", " ")

    def _detail(self, event: str, told: Mapping[str, Any]) -> str:
        more = DETAILS.get(event) or DETAILS.get("*." + event.partition(".")[2])
        return more(self, told) if more else ""

    def _shared(self, details: Sequence[str]) -> str:
        """Details in a row, what is the same at their beginning said once."""
        heads = [detail.rpartition(" ")[0] for detail in details]
        if len(details) > 1 and heads[0] and len(set(heads)) == 1:
            return f"{heads[0]} " + self.listed([detail.rpartition(" ")[2] for detail in details])
        return self.listed(details)


def _subject(told: Mapping[str, Any]) -> str:
    return str(told.get("notice_no") or told.get("document_no"))


def rate(value: Any) -> str:
    """A rate in percent without idle zeros."""
    try:
        return f"{Decimal(str(value)).normalize():f}"
    except InvalidOperation:
        return str(value)


def amount(value: Any) -> str:
    """An amount as the JSON has it, with thousands separators; "—" for none."""
    if value in (None, ""):
        return "—"
    try:
        return money(Decimal(str(value))).replace("-", "−")
    except InvalidOperation:
        return str(value)


def _signed(w: Wording, told: Mapping[str, Any]) -> str:
    answer = told.get("answer") or {}
    decision = next((w.half(str(answer[name])) for name in DECISIONS if answer.get(name)), "")
    acting = told.get("on_behalf_of")
    return w.parts(w.step(told.get("step", "")), decision, acting and w.pick((f"代 {acting}", f"for {acting}")))


def _changed(w: Wording, told: Mapping[str, Any]) -> str:
    before, after = told.get("before") or {}, told.get("after") or {}
    about = next((str(told[name]) for name in told if name.endswith("_no") or name == "number"), "")
    return w.parts(about, *(w.change(name, before.get(name), value) for name, value in after.items()))


def _renewed(w: Wording, told: Mapping[str, Any]) -> str:
    return w.parts(told.get("subject"), w.change(told.get("field", ""), told.get("before"), told.get("after")))


def _noticed(w: Wording, told: Mapping[str, Any]) -> str:
    kind, _, number = str(told.get("recipient", "")).partition(" ")
    return w.parts(w.say(told.get("kind"), "notice"), f"{w.say(kind, 'recipient')} {number}".strip())


def _due(w: Wording, told: Mapping[str, Any]) -> str:
    return w.pick((f"{told.get('due_on')} 前", f"due {told.get('due_on')}"))


def _until(w: Wording, told: Mapping[str, Any]) -> str:
    return w.pick((f"至 {told.get('until_on')}", f"until {told.get('until_on')}"))


def _person(w: Wording, told: Mapping[str, Any]) -> str:
    role, _, number = str(told.get("person", "")).partition(" ")
    return f"{w.say(role, 'contact_role')} {number}".strip()


def _party(w: Wording, told: Mapping[str, Any]) -> str:
    role, _, number = str(told.get("party", "")).partition(" ")
    return f"{w.say(role, 'recipient')} {number}".strip()


def _archived(told: Mapping[str, Any]) -> str:
    """The title, if it is known, and the form, which the number ends with: 信贷资产检查报告 PDF."""
    number = str(told.get("document_no", ""))
    return f"{told['title']} {number.rpartition('-')[2]}" if told.get("title") else number


Detail = Callable[[Wording, Mapping[str, Any]], str]
DETAILS: dict[str, Detail] = {
    "answer.refused": lambda w, d: w.parts(w.step(d.get("step", "")), d.get("claimed_by"), d.get("reason")),
    "case.cancelled": lambda w, d: w.outcome(d.get("outcome")),
    "case.closed": lambda w, d: w.outcome(d.get("outcome")),
    "case.opened": lambda w, d: w.parts(w.kind(d.get("kind", "")), _due(w, d), d.get("rule")),
    "charge.entered": lambda w, d: w.parts(amount(d.get("amount")), _due(w, d)),
    "consent.given": lambda w, d: w.parts(_party(w, d), d.get("given_on")),
    "document.archived": lambda w, d: _archived(d),
    "extension.applied": lambda w, d: w.parts(
        w.say(d.get("variant"), "variant"), amount(d.get("amount")), _until(w, d)
    ),
    "clock.paused": lambda w, d: w.parts(w.say(d.get("reason"), "pause"), d.get("from_on"), d.get("until_on")),
    "clock.resumed": lambda w, d: w.parts(d.get("resumed_on")),
    "contact.noted": lambda w, d: w.parts(w.say(d.get("result"), "contact_result")),
    "contact.permitted": lambda w, d: w.parts(_person(w, d), w.say(d.get("channel"), "contact_channel")),
    "contact.refused": lambda w, d: w.parts(
        _person(w, d), w.say(d.get("channel"), "contact_channel"), d.get("refused_by"), d.get("allowed_from")
    ),
    "contact.stop_lifted": lambda w, d: w.parts(_person(w, d), w.say(d.get("kind"), "contact_stop")),
    "contact.stopped": lambda w, d: w.parts(_person(w, d), w.say(d.get("kind"), "contact_stop")),
    "default.diagnosed": lambda w, d: w.parts(w.pick(CAUSES[d["cause"]].title) if d.get("cause") in CAUSES else ""),
    "promise.broken": lambda w, d: w.parts(amount(d.get("amount")), _due(w, d)),
    "promise.kept": lambda w, d: w.parts(amount(d.get("amount")), _due(w, d)),
    "promise.made": lambda w, d: w.parts(amount(d.get("amount")), _due(w, d)),
    "stage.entered": lambda w, d: w.parts(w.say(d.get("stage"), "stage"), d.get("days_past_due")),
    "extension.in_force": lambda w, d: w.parts(amount(d.get("amount")), _until(w, d)),
    "extension.lapsed": lambda w, d: w.parts(w.phrase(str(d.get("why", "")))),
    "extension.refused": lambda w, d: w.parts(d.get("reason")),
    "extension.signed": lambda w, d: w.parts(d.get("contract_no"), d.get("signed_on")),
    "finding.entered": lambda w, d: w.parts(d.get("finding_no"), _due(w, d)),
    "finding.rectified": lambda w, d: w.parts(d.get("finding_no")),
    "limitation.interrupted": lambda w, d: w.parts(
        _party(w, d), w.say(d.get("kind"), "interruption"), d.get("happened_on")
    ),
    "loan.classified": lambda w, d: w.parts(
        w.say(d.get("risk_class"), "risk_class"), d.get("as_of"), w.phrase(str(d.get("why", "")))
    ),
    "payment.approved": lambda w, d: w.parts(d.get("payment_no"), amount(d.get("amount"))),
    "payment.refused": lambda w, d: w.parts(d.get("payment_no"), amount(d.get("amount"))),
    "payment.verified": lambda w, d: w.parts(
        d.get("payment_no"),
        w.pick(("与约定一致", "as agreed")) if d.get("as_agreed") else w.pick(("与约定不符", "not as agreed")),
    ),
    "receipt.entered": lambda w, d: w.parts(d.get("receipt_no"), amount(d.get("amount")), d.get("paid_on")),
    "receipt.reversed": lambda w, d: w.parts(d.get("reverses"), amount(d.get("amount")), d.get("paid_on")),
    # Why is told in English, to those who run the machine.
    "run.replaced": lambda w, d: w.parts(d.get("why")) if w.language != "zh" else "",
    "run.tampered": lambda w, d: w.parts(d.get("why")) if w.language != "zh" else "",
    "signal.cleared": lambda w, d: w.say(d.get("kind"), "signal"),
    "signal.raised": lambda w, d: w.parts(w.say(d.get("kind"), "signal"), w.phrase(str(d.get("detail", "")))),
    "signal.recorded": lambda w, d: w.parts(w.say(d.get("kind"), "signal"), d.get("seen_on")),
    "slip.refused": lambda w, d: w.parts(_party(w, d), d.get("day")),
    "slip.returned": lambda w, d: w.parts(_party(w, d), d.get("day")),
    "step.done": lambda w, d: w.step(d.get("step", "")),
    "step.signed": _signed,
    "task.asked": lambda w, d: w.parts(
        w.step(d.get("step", "")), d.get("staff_no") or w.say(d.get("role"), "role"), _due(w, d)
    ),
    "title.released": lambda w, d: w.parts(d.get("collateral_no"), d.get("title_document"), d.get("released_on")),
    "work_log.entered": lambda w, d: w.parts(w.say(d.get("activity"), "activity"), d.get("acted_on")),
    "*.changed": _changed,
    "*.renewed": _renewed,
} | {f"notice.{state}": _noticed for state in ("failed", "given_up", "interrupted", "queued", "requeued", "sent")}
