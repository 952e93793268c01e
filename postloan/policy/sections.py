"""The keys of policy.toml: every value with its rule's id, its source and its unit beside it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from postloan.calendar import Calendar
from postloan.policy.base import Role, Section, SignalKind, TimeZone, key
from postloan.policy.collection import CollectionPolicy
from postloan.policy.contact import ContactPolicy
from postloan.policy.maturity import (
    EntrustedPolicy,
    ExtensionPolicy,
    MaturityPolicy,
    RepaymentPolicy,
    SettlementPolicy,
)
from postloan.policy.workout import WorkoutPolicy
from postloan.rules.kinds import KINDS
from postloan.rules.roles import OFFICER


class Institution(Section):
    name: str = key("-", "own", min_length=1)
    time_zone: TimeZone = key("-", "own; the day of the institution starts at midnight here")
    language: Literal["zh", "en"] = key("-", "own; language of staff messages and reports")


class CalendarPolicy(Section):
    country: str = key("PAY-2", "own; ISO 3166-1 code of the official holidays", min_length=2, max_length=2)
    unknown_years: Literal["statutory", "refuse"] = key(
        "PAY-2", "own; what to do in years whose official arrangement is not published yet"
    )
    extra_holidays: list[date] = key("PAY-2", "own; days off beyond the official ones")
    extra_workdays: list[date] = key("PAY-2", "own; days worked beyond the official ones")

    @model_validator(mode="after")
    def _not_both(self) -> CalendarPolicy:
        both = sorted(set(self.extra_holidays) & set(self.extra_workdays))
        if both:
            raise ValueError(f"allowed: a day is off or worked, not both: {both[0]}")
        return self


class Signing(Section):
    codes: bool = key("REC-6", "own; a decision is signed with staff number and one-time code")
    max_failures: int = key("REC-6", "own; wrong codes in a row until the person is locked", "codes", ge=1)
    lock_minutes: int = key("REC-6", "own; how long the lock lasts", "minutes", ge=1)
    confirm: bool = key("REC-6", "own; who signed is told what was signed, so that a stolen code is noticed")


class FirstInspection(Section):
    days: int = key("INS-2", "每笔贷款的第一次提款后15天内进行贷后首次检查", "calendar days", ge=1, le=366)
    opens_days_before: int = key(
        "INS-2", "own; the case opens this long before the inspection is due", "calendar days", ge=0, le=366
    )
    methods: list[Literal["on_site", "telephone", "off_site"]] = key(
        "INS-3", "检查方式可为实地检查、电话询问等方式", min_length=1
    )
    report_working_days: int = key(
        "INS-4", "检查完毕后的两个工作日内填制完成《信贷业务首次检查报告单》", "working days", ge=0, le=60
    )
    sign_working_days: int = key(
        "INS-4", "own; the supervisor signs this long after the report", "working days", ge=0, le=60
    )
    review_working_days: int = key(
        "INS-8", "own; risk control reviews this long after the signature", "working days", ge=0, le=60
    )
    announce_to_borrower: bool = key("INS-3", "own; the borrower is told that an inspection is coming")


class RoutineInspection(Section):
    rule: Literal["shortest", "rating"] = key(
        "INS-6", "own; INS-5 and INS-6 contradict each other for AA: the shorter applies, or the rating's"
    )
    max_months: int = key("INS-5", "至少每季度…实地检查一次", "calendar months", ge=1, le=60)
    high_risk_months: int = key("INS-5", "风险较大的…按月", "calendar months", ge=1, le=60)
    signal_months: int = key("SIG-1", "own; while a warning signal is open", "calendar months", ge=1, le=60)
    on_site_months: int = key("INS-5", "至少每季度…实地检查一次", "calendar months", ge=1, le=60)
    by_rating: dict[str, Annotated[int, Field(ge=1, le=60)]] = key(
        "INS-6", "AA及以上最长半年, A+、A最长3个月", "calendar months by rating"
    )
    other_months: int = key("INS-6", "own; ratings that are not listed, below A", "calendar months", ge=1, le=60)
    unrated_months: int = key("INS-6", "own; borrowers without a rating", "calendar months", ge=1, le=60)
    opens_days_before: int = key(
        "INS-5", "own; the case opens this long before the inspection is due", "calendar days", ge=0, le=366
    )
    off_site_kinds: list[Literal["corporate", "small_enterprise", "personal"]] = key(
        "INS-7", "对于仅办理200万元以下大数据产品的小企业客户; own: kinds of borrowers that it holds for"
    )
    off_site_products: list[str] = key("INS-7", "只有大数据产品的客户以非现场监测为主; own: products, as the feed says")
    off_site_below: Decimal = key(
        "INS-7", "200万元以下; own: of all the borrower's running loans together", "in the loan's currency", ge=0
    )
    report_working_days: int = key("INS-8", "检查后五个工作日内《信贷资产检查报告》", "working days", ge=0, le=60)
    sign_working_days: int = key("INS-8", "own; the supervisor signs this long after the report", "working days", ge=0)
    review_working_days: int = key(
        "INS-8", "own; risk control reviews this long after the signature", "working days", ge=0
    )


class SpecialInspection(Section):
    days: int = key("INS-9", "own; the inspection itself, after the signal was published", "calendar days", ge=0)
    report_days: int = key("INS-9", "检查完毕后的第二天", "calendar days after the inspection", ge=0, le=60)
    sign_working_days: int = key("INS-9", "own; the supervisor signs this long after the report", "working days", ge=0)
    review_working_days: int = key(
        "INS-9", "own; risk control reviews this long after the signature", "working days", ge=0
    )


class InspectionPolicy(Section):
    first: FirstInspection
    routine: RoutineInspection
    special: SpecialInspection


class Signals(Section):
    serious: list[SignalKind] = key(
        "SIG-3", "own; kinds that call for a special inspection and at least special mention"
    )
    overdue_days: int = key("SIG-2", "own; a loan this long past due raises the signal", "calendar days", ge=1)
    min_cover: Decimal = key(
        "SIG-2", "own; value of the collateral over what is outstanding, for mortgaged and pledged loans", ge=0
    )
    rating_news_days: int = key("INS-6", "own; a downgrade older than this is no news", "calendar days", ge=1)
    rating_scale: list[str] = key("INS-6", "own; ratings from the best to the worst")
    watched_fields: list[str] = key(
        "INS-11", "法定代表人、名称、住所等变更; own: fields of a borrower whose change raises a signal"
    )
    assign_working_days: int = key("SIG-1", "own; the supervisor assigns a handler", "working days", ge=0, le=60)
    handle_working_days: int = key("SIG-1", "own; the handler acts and feeds back", "working days", ge=0, le=60)
    confirm_working_days: int = key("SIG-1", "own; risk control confirms", "working days", ge=0, le=60)
    clear_days: int = key("SIG-1", "own; a signal is to be cleared this long after it was seen", "calendar days", ge=1)
    levels: list[Role] = key(
        "INS-10", "对超出权限的逐级上报; own: the roles above the supervisor, in order", min_length=1
    )
    partner_compensation: Decimal = key(
        "SIG-2", "监测…担保机构贷款代偿率; own threshold, compensated over outstanding", "share", ge=0, le=1
    )
    partner_non_performing: Decimal = key("SIG-2", "监测合作机构不良率; own threshold", "share", ge=0, le=1)
    branch_non_performing: Decimal = key(
        "SIG-2",
        "批量监管资产质量风险指标, 开展停复牌管理; own threshold of a branch's non-performing ratio",
        "share",
        ge=0,
        le=1,
    )


class SuspensionPolicy(Section):
    propose_days: int = key("SIG-2", "own; risk control proposes", "calendar days", ge=0, le=60)
    decide_working_days: int = key("SIG-2", "own; the authority decides", "working days", ge=0, le=60)
    review_days: int = key("SIG-2", "own; a suspension is looked at again this often", "calendar days", ge=1, le=366)
    authority: Role = key("SIG-2", "own; the role that stops and resumes business with a branch or partner")


class ClassificationPolicy(Section):
    months: list[Annotated[int, Field(ge=1, le=12)]] = key(
        "CLS-2", "own; months at whose end every loan is classified", "months of the year"
    )
    due_days: int = key("CLS-2", "own; the classification is due this long after", "calendar days", ge=0, le=90)
    special_mention_days: int = key("CLS-1", "金融资产风险分类办法 (2023)", "days past due, more than", ge=0)
    substandard_days: int = key("CLS-1", "金融资产风险分类办法 (2023)", "days past due, more than", ge=0)
    doubtful_days: int = key("CLS-1", "金融资产风险分类办法 (2023)", "days past due, more than", ge=0)
    loss_days: int = key("CLS-1", "金融资产风险分类办法 (2023)", "days past due, more than", ge=0)
    contagion_share: Decimal = key(
        "CLS-1", "金融资产风险分类办法 (2023): 非零售债务人, share of its debts at the bank", ge=0, le=1
    )
    observation_months: int = key(
        "CLS-1", "金融资产风险分类办法 (2023): 重组资产观察期", "calendar months", ge=0, le=120
    )
    review_working_days: int = key("CLS-2", "own; credit administration reviews", "working days", ge=0, le=60)
    approve_working_days: int = key("CLS-2", "own; the authority decides", "working days", ge=0, le=60)
    authority: Role = key("CLS-2", "own; the role that may approve a better category than the rule gives")
    plan_months: int = key(
        "SIG-3", "潜在风险客户…制定方案并跟踪; own: the plan is followed up this often", "calendar months", ge=1, le=12
    )

    @model_validator(mode="after")
    def _from_better_to_worse(self) -> ClassificationPolicy:
        days = [self.special_mention_days, self.substandard_days, self.doubtful_days, self.loss_days]
        if days != sorted(set(days)):
            raise ValueError(f"allowed: more days for each worse category; these are {days}")
        return self


class Tier(Section):
    """Who decides about a payment: the officer first, then the others in order."""

    risk: Literal["low", "ordinary", "high"] = key("REC-4", "低风险和信用较好 / 高风险和信用欠佳")
    up_to: Decimal | None = key("REC-4", "own; amounts up to this, inclusive; none: any", default=None, ge=0)
    levels: list[Role] = key("REC-4", "own; roles, each another person", min_length=1, max_length=6)


class Proceeds(Section):
    """Use of proceeds: which payments who approves, and by when it is seen where the money went."""

    decide_days: int = key("REC-4", "own; from the request to the decision", "calendar days", ge=0, le=60)
    step_working_days: int = key("REC-4", "own; for each level", "working days", ge=0, le=60)
    verify_days: int = key("REC-4", "及时记录借款人资金使用情况; own", "calendar days after the decision", ge=0, le=366)
    well_rated: list[str] = key("REC-4", "信用较好; own: ratings of low-risk borrowers")
    ill_rated: list[str] = key("REC-4", "信用欠佳; own: ratings of high-risk borrowers")
    tiers: list[Tier] = key("REC-4", "分级审核; own amounts; the first that fits decides", min_length=1)

    @model_validator(mode="after")
    def _every_amount_has_a_tier(self) -> Proceeds:
        for risk in ("low", "ordinary", "high"):
            if not any(tier.risk == risk and tier.up_to is None for tier in self.tiers):
                raise ValueError(f'allowed: for each risk a last tier without up_to; there is none for "{risk}"')
        if any(tier.levels[0] != OFFICER for tier in self.tiers):
            raise ValueError(f"allowed: levels that begin with {OFFICER}, who checks every payment")
        return self


class WorkLog(Section):
    borrower_kinds: list[Literal["corporate", "small_enterprise", "personal"]] = key(
        "REC-3", "own; borrowers for whom a log is kept (公司业务)"
    )
    per_month: int = key("REC-3", "每个借款人每月至少完成工作日志1篇 (常规)", "entries a month", ge=0, le=31)
    per_month_key: int = key("REC-3", "重点2篇", "entries a month", ge=0, le=31)
    key_segments: list[str] = key("REC-3", "own; segments of key borrowers, as the feed says")
    enter_working_days: int = key("REC-3", "完成…后的2个工作日内…在工作日志中记录", "working days", ge=0, le=60)
    review_working_days: int = key("REC-3", "主管应在接到工作日志的2个工作日内签署意见", "working days", ge=0, le=60)


class Ledger(Section):
    carry_over_working_days: int = key(
        "REC-2", "会计年度结束后20个工作日内…逐笔结转, 打印签字", "working days after 31 December", ge=1, le=60
    )
    checker: Role = key("REC-2", "own; the role that checks the balances of a branch")
    head: Role = key("REC-2", "打印签字后交公司部主管签字; own: the role that signs")


class Groups(Section):
    inspect_others: bool = key("SIG-3", "own; a member's serious signal opens a special inspection of the others")


class Supervision(Section):
    months: list[Annotated[int, Field(ge=1, le=12)]] = key(
        "SUP-1", "上级行…组织开展贷后检查; own: months at whose end each branch is inspected", "months of the year"
    )
    due_days: int = key("SUP-1", "own; after the end of the month", "calendar days", ge=1, le=366)
    sample_share: Decimal = key("SUP-1", "own; share of a branch's running loans that is drawn", ge=0, le=1)
    sample_min: int = key("SUP-1", "own; at least so many, if there are", "loans", ge=1)
    sample_max: int = key("SUP-1", "own; at most so many", "loans", ge=1, le=500)
    seed: int = key("SUP-1", "own; with the case's number it decides what is drawn, so that anybody can draw it again")
    rectify_days: int = key("SUP-1", "整改; own: until a finding is to be rectified", "calendar days", ge=1, le=366)
    review_working_days: int = key("SUP-1", "own; supervision looks at what was rectified", "working days", ge=0, le=60)


class Tickler(Section):
    """A document that lapses, or is due from the borrower each year: a dated duty without code."""

    title: str = key("INS-11", "own; what people read", min_length=1)
    rule: str = key("INS-11", "own; id of the rule that `postloan due` names", min_length=1)
    on: Literal["", "collateral.insured_until", "collateral.valuation_due", "borrower.licence_until"] = key(
        "INS-11", "own; the date in the book after which it has lapsed", default=""
    )
    yearly: list[Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]] = key(
        "INS-11", "own; days of each year (MM-DD) by which it is due from the borrower", default=[]
    )
    borrower_kinds: list[Literal["corporate", "small_enterprise", "personal"]] = key(
        "INS-11", "own; borrowers whom it concerns; none: all", default=[]
    )
    opens_days_before: int = key("INS-11", "own; the case opens this long before", "calendar days", ge=0, le=366)
    role: Role = key(
        "INS-11", "own; who gets the new document; account_officer: the loan's own", default="account_officer"
    )
    announce: bool = key("INS-11", "own; whether the borrower is told", default=True)
    step_working_days: int = key(
        "INS-11", "own; for the supervisor, and for the officer again", "working days", default=2, ge=0, le=60
    )

    @model_validator(mode="after")
    def _one_date(self) -> Tickler:
        if bool(self.on) == bool(self.yearly):
            raise ValueError('allowed: either on = "a date of the book" or yearly = ["MM-DD"], not both')
        for day in self.yearly:
            date.fromisoformat(f"2001-{day}")  # 02-29 is no day of each year
        return self


class Limitation(Section):
    guarantee_months: int = key(
        "LIM-2", "民法典 692: 没有约定的, 保证期间为主债务履行期限届满之日起六个月", "calendar months", ge=1, le=120
    )
    guarantee_warn_days: int = key(
        "LIM-2", "own; the case opens this long before a guarantee period ends", "calendar days", ge=1, le=366
    )
    guarantee_act_days: int = key(
        "LIM-2", "own; the guarantor has to be called upon this long before it ends", "calendar days", ge=0, le=366
    )
    years: int = key("LIM-1", "民法典 188: 诉讼时效期间为三年", "years", ge=1, le=30)
    warn_days: int = key("LIM-1", "own; the case opens this long before a right lapses", "calendar days", ge=1, le=366)
    act_days: int = key(
        "LIM-1", "own; the period has to be interrupted this long before it lapses", "calendar days", ge=0, le=366
    )
    step_working_days: int = key("LIM-1", "own; for the supervisor and the authority", "working days", ge=0, le=60)
    authority: Role = key("LIM-1", "own; who alone may let a right lapse")

    @model_validator(mode="after")
    def _time_to_act(self) -> Limitation:
        if self.warn_days <= self.act_days or self.guarantee_warn_days <= self.guarantee_act_days:
            raise ValueError("allowed: warn_days beyond act_days, so that there is time to act")
        return self


class Workload(Section):
    customers_per_officer: int = key("INS-13", "按10-12户/人分配给客户经理", "customers", ge=1)


class PerformancePolicy(Section):
    """What a score of 100 is made of; a part of which there is nothing to judge falls out."""

    timely_weight: int = key("PER-1", "责任到人, 考核到位; own: steps answered on time", "points", ge=1, le=100)
    quality_weight: int = key("PER-1", "own; reports that were not returned for rework", "points", ge=0, le=100)
    log_weight: int = key("PER-1", "own; work-log entries and opinions in time", "points", ge=0, le=100)


class Tasks(Section):
    remind_days_before: int = key("INS-10", "own; reminder this long before a task is due", "calendar days", ge=0)
    remind_every_days: int = key("INS-10", "own; a late task is reminded of this often", "calendar days", ge=1)
    escalate_after_days: int = key(
        "INS-10", "对超出权限的逐级上报; own: days late until the next role is told", "calendar days", ge=1
    )
    escalate_to: dict[Role, Role] = key("INS-10", "own; role that is told of the late tasks of a role")


class NoticeKind(Section):
    channels: list[Literal["email", "sms", "webhook"]] = key(
        "MAT-2", "own; tried in this order: the first that the recipient has an address for", min_length=1
    )
    collection: bool = key("CON-1", "own; about a debt past due: it passes the gate of contacts", default=False)
    on_unknown: Literal["resend", "ask"] = key(
        "MAT-1",
        "own; the process died after handing over to the gateway and before noting it: "
        "send again (may arrive twice), or ask operations",
    )


class Notices(Section):
    retry_minutes: list[Annotated[int, Field(ge=0)]] = key(
        "MAT-2", "own; waits between tries to send; after the last one operations are asked", "minutes"
    )
    sending_minutes: int = key(
        "MAT-2", "own; a notice that is being sent for longer than this was interrupted", "minutes", ge=1
    )
    kinds: dict[str, NoticeKind]


class Round(Section):
    go_live: date | Literal[""] = key(
        "INS-1", "own; duties due before this day were the former system's and are not raised; empty: all"
    )
    stale_minutes: int = key(
        "INS-1",
        "own; a run of a case that is at work this long has lost its process and is replaced",
        "minutes",
        ge=1,
    )
    late_start_minutes: int = key("INS-1", "own; a run that no worker takes for this long is reported", "minutes", ge=1)


class Policy(Section):
    """The plain values in force on one day."""

    institution: Institution
    calendar: CalendarPolicy
    signing: Signing
    inspection: InspectionPolicy
    signals: Signals
    suspension: SuspensionPolicy
    classification: ClassificationPolicy
    proceeds: Proceeds
    work_log: WorkLog
    ledger: Ledger
    repayment: RepaymentPolicy
    maturity: MaturityPolicy
    settlement: SettlementPolicy
    extension: ExtensionPolicy
    entrusted: EntrustedPolicy
    collection: CollectionPolicy
    groups: Groups
    supervision: Supervision
    ticklers: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,40}$")], Tickler]
    limitation: Limitation
    contact: ContactPolicy
    workout: WorkoutPolicy
    workload: Workload
    performance: PerformancePolicy
    tasks: Tasks
    notices: Notices
    round: Round

    @model_validator(mode="after")
    def _own_kinds(self) -> Policy:
        taken = sorted(self.ticklers.keys() & KINDS.keys())
        if taken:
            raise ValueError(f"allowed: another name for a tickler: {taken[0]} is a kind of duty of its own")
        return self

    @property
    def time_zone(self) -> ZoneInfo:
        return ZoneInfo(self.institution.time_zone)

    @cached_property
    def working_days(self) -> Calendar:
        """The calendar of working days that this policy names."""
        c = self.calendar
        return Calendar(
            c.country,
            unknown_years=c.unknown_years,
            extra_holidays=c.extra_holidays,
            extra_workdays=c.extra_workdays,
        )

    def days_in_time(self, day: date) -> int:
        """PAY-2: with so many days past due, or fewer, on `day`, nothing is late: every day from the due date to the
        day before it was a day off, and the next working day is in time."""
        return self.working_days.days_off_before(day) if self.repayment.next_working_day_in_time else 0
