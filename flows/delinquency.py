"""Delinquency: contacts about a loan past due until cure or workout; rights that must not lapse (COL, LIM)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial

from prefect import flow
from prefect.states import State

from postloan.book import Writer, cases, contacts, limitation, promises, signals, slips, stages
from postloan.book import collection as book_collection
from postloan.book.contacts import Person, Request
from postloan.book.limitation import Right
from postloan.book.parties import TITLES
from postloan.book.tables import ContactStop, Guarantee
from postloan.errors import PostloanError
from postloan.forms.base import Form, SupervisorSignature, chosen, chosen_one, with_choice, with_choices
from postloan.forms.collection import (
    OF_DEBTOR,
    STOPS,
    ContactRequest,
    ContactResult,
    DefaultDiagnosis,
    DemandDelivered,
    PauseRequest,
    Tracing,
)
from postloan.forms.delinquency import LimitationAct
from postloan.forms.offices import OfficeDecision
from postloan.rules.collection import CAUSES
from postloan.rules.duties_apart import Mandate
from postloan.rules.roles import OFFICER, SUPERVISOR
from tasks import notices
from tasks.archive import archive_paper
from tasks.collection import (
    enter_letters,
    interrupt,
    issue_demand,
    known,
    missing_before_loss,
    next_on,
    overdue_of,
    permit,
    persons_of,
    refused,
    refused_letter,
    rhythm_of,
)
from tasks.human import Answer, Signer
from tasks.maturity import tell
from tasks.officers import assign_officer
from tasks.work import CASE_NUMBER, LoanWork, begin_on_loan, nth, shown, superseded

COLLECTION = "逾期催收"
DEMAND = "逾期贷款催收通知书"
PAUSE = "暂停计时"
TITLE = "诉讼时效管理记录"


@flow(name="limitation-warning", flow_run_name="诉讼时效 {case_no}", retries=0)
def limitation_warning(case_no: str = CASE_NUMBER) -> State:
    """A limitation period is about to lapse: it is interrupted with proof, or the authority lets it lapse.

    Args:
        case_no: the case in the book, for example LW-L0001-C1-2029-06-30. The daily round opens it.
    """
    work = begin_on_loan(case_no)
    return superseded() if work is None else _keep_right(work, TITLE, work.case.subject)


@flow(name="guarantee-period-warning", flow_run_name="保证期间 {case_no}", retries=0)
def guarantee_period_warning(case_no: str = CASE_NUMBER) -> State:
    """A guarantee period is about to end (LIM-2): the guarantor is called upon with proof, a general one by suit, or
    the authority lets him go.

    Args:
        case_no: the case in the book, for example GP-G1-L0001-2027-06-30. The daily round opens it.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    return _keep_right(work, "保证期间管理记录", work.case.subject.replace(f"-{work.case.loan_no}-", "-"))


def _keep_right(work: LoanWork, title: str, subject: str) -> State:
    """LIM-1, LIM-2: a right is kept by an act with its proof, or let lapse by the authority, never in silence."""
    case_no = work.case.case_no
    officer = assign_officer(case_no)
    right = _right(work, subject)
    about = work.heading(
        title,
        ("债务人", f"{TITLES[right.party][0]} {right.party_no}"),
        ("起算日", str(right.started_on)),
        ("届满日", str(work.case.anchor_on)),
    )

    rework, decided = 1, None
    while True:
        acted = _act(work, right, about, officer, rework)
        signed = work.ask(
            nth("sign", rework),
            SupervisorSignature,
            duty="sign",
            title="信贷主管核实凭证",
            of=work.of_branch(SUPERVISOR),
            due_on=work.working_days_after(acted, work.policy.limitation.step_working_days),
            context=about + shown("办理结果", acted),
        )
        if not signed.form.returned:
            decided = _decide(work, about, acted, signed, rework) if acted.form.lets_lapse else None
            if decided is None or decided.form.approved:
                break
        rework += 1

    papers: list[tuple[str, Form]] = [("办理结果", acted.form), ("信贷主管意见", signed.form)]
    if decided is not None:
        papers.append(("放弃权利审批", decided.form))
    archive_paper(case_no, "limitation_record", title, papers, rounds=rework)

    def enter(writer: Writer) -> None:
        if not acted.form.lets_lapse:
            limitation.interrupt(
                writer,
                work.case,
                party=right.party,
                party_no=right.party_no,
                kind=acted.form.act,
                happened_on=acted.form.happened_on,
                document=acted.form.document,
                by=acted.staff_no,
            )

    outcome = "let_lapse" if acted.form.lets_lapse else "interrupted"
    return work.finish(outcome, f"{case_no}: {outcome}", enter)


def _right(work: LoanWork, subject: str) -> Right:
    """The right that the case is about: its subject is the party's number and the last day of the right."""
    with work.office.book.read() as session:
        rights = limitation.of_loan(session, work.policy, work.loan, work.case.opened_on)
    number = subject.removesuffix(f"-{work.case.anchor_on}")
    return next(right for right in rights if right.party_no == number)


def _is_general(work: LoanWork, right: Right) -> bool:
    with work.office.book.read() as session:
        guarantee = session.get(Guarantee, (right.party_no, work.loan.loan_no))
    return guarantee is not None and guarantee.kind == "general"


def _act(work: LoanWork, right: Right, about: str, officer: str, rework: int) -> Answer[LimitationAct]:
    """The debtor is demanded of, agrees, or is sued, while there is time; each with its proof."""

    def check(form: LimitationAct, signer: Signer) -> list[str]:
        if form.lets_lapse:
            return [] if len(form.reason.strip()) >= 5 else ["须说明放弃的理由 (say why the right may lapse)"]
        faults = []
        if not right.started_on < form.happened_on <= min(signer.day, work.case.anchor_on):
            faults.append(
                f"日期须晚于 {right.started_on}, 不晚于今天和届满日 {work.case.anchor_on} "
                "(after the period began, not after today nor its last day)"
            )
        if not form.document.strip():
            faults.append("须填写凭证 (name the proof: without one, the period is not interrupted)")
        if form.act != "suit" and right.under == "guarantee" and _is_general(work, right):
            faults.append("一般保证须起诉或仲裁, 催收不产生效力 (a general guarantor has to be sued: art. 693)")
        if form.delivery.startswith("当面签收") and form.act == "demand" and not form.signed_by.strip():
            faults.append("当面送达须填写签收人 (who signed for it?)")
        return faults

    return work.ask(
        nth("act", rework),
        LimitationAct,
        duty="report",
        title="中断诉讼时效",
        of=work.named(OFFICER, officer),
        due_on=work.case.due_on if rework == 1 else work.in_working_days(work.policy.limitation.step_working_days),
        context=about + work.returned(rework, ("lapse", "opinion"), ("sign", "opinion")),
        check=check,
    )


def _decide(work: LoanWork, about: str, acted: Answer, signed: Answer, rework: int) -> Answer[OfficeDecision]:
    """Only the authority lets a right lapse."""
    return work.ask(
        nth("lapse", rework),
        OfficeDecision,
        duty="approve",
        title="放弃权利审批",
        of=work.of_branch(work.policy.limitation.authority),
        due_on=work.working_days_after(signed, work.policy.limitation.step_working_days),
        context=about + shown("办理结果", acted) + shown("信贷主管意见", signed),
    )


# ----------------------------------------------------------------------------------------- collection


@flow(name="collection", flow_run_name="逾期催收 {case_no}", retries=0)
def collection(case_no: str = CASE_NUMBER) -> State:
    """A loan is past due: why, whom to contact and what came of it, until it is cured or the workout has it.

    The round ends it when nothing is past due any more, the transfer when the workout takes the loan over. Until then
    it goes on: a transfer that was asked for may be refused or withdrawn.

    Args:
        case_no: the case in the book, for example CO-L0001-1. The daily round opens it.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    officer = assign_officer(case_no)
    about = work.heading(COLLECTION, ("立案日", str(work.case.opened_on)))

    diagnosed = 1
    _diagnose(work, about, officer, diagnosed)
    number = 0
    while True:
        number += 1
        people = persons_of(case_no, nth("reachable", number))  # heirs and attorneys come later than the case
        asked = _next_step(work, about, officer, people, number)
        if asked.form.what == "contact":
            _contact(work, about, officer, people, asked, number)
        elif asked.form.what == "lost":
            if not _trace(work, about, officer, number):
                _preserve(work, asked, "lost")
        elif asked.form.what == "diagnose":
            diagnosed += 1
            _diagnose(work, about, officer, diagnosed)
        else:
            signed = _refer(work, about, asked, number)
            if not signed.form.returned:
                work.note(partial(_open_transfer, work=work, signed=signed, number=number))


def _whose(work: LoanWork, officer: str) -> Mandate:
    """COL-3: the loan's officer in the first stages, the collectors in those that the policy names."""
    rhythm = rhythm_of(work)
    role = rhythm.collector if rhythm else OFFICER
    return work.named(OFFICER, officer) if role == OFFICER else work.of_branch(role)


def _diagnose(work: LoanWork, about: str, officer: str, turn: int) -> None:
    """COL-5: the cause by the nine of the procedure, the five subjects, the measures; the supervisor signs. Where
    assets have to be preserved within a day the round opens that case from the diagnosis (WO-4)."""

    def check(form: DefaultDiagnosis, _signer: Signer) -> list[str]:
        fit = CAUSES[form.cause].measures
        return [f"{m}: 不适用于此原因 (not a measure for this cause)" for m in form.measures if m not in fit]

    rework = 1
    while True:
        name = nth(f"diagnosis-{turn}", rework)
        found = work.ask(
            name,
            DefaultDiagnosis,
            duty="report",
            title="违约原因诊断",
            of=_whose(work, officer),
            due_on=work.case.due_on if turn == rework == 1 else work.in_working_days(_days(work)),
            context=about + known(work) + work.returned(rework, (f"diagnosis-sign-{turn}", "opinion")),
            check=check,
        )
        signed = work.ask(
            nth(f"diagnosis-sign-{turn}", rework),
            SupervisorSignature,
            duty="sign",
            title="信贷主管签字",
            of=work.of_branch(SUPERVISOR),
            due_on=work.working_days_after(found, _days(work)),
            context=about + shown("诊断", found),
        )
        if not signed.form.returned:
            break
        rework += 1

    papers: list[tuple[str, Form]] = [("诊断", found.form), ("信贷主管意见", signed.form)]
    archive_paper(
        work.case.case_no,
        "default_diagnosis",
        "违约原因诊断表",
        papers,
        rounds=rework,
        step=f"archive-diagnosis-{turn}",
    )

    def enter(writer: Writer) -> None:
        book_collection.diagnose(
            writer,
            work.case,
            f"{work.case.case_no}-{turn}",
            day=work.day_of(found),
            cause=found.form.cause,
            measures=found.form.measures,
            findings=found.form.findings(),
            by=found.staff_no,
        )

    work.note(enter)


def _days(work: LoanWork) -> int:
    return work.policy.collection.step_working_days


def _next_step(
    work: LoanWork, about: str, officer: str, people: dict[str, Person], number: int
) -> Answer[ContactRequest]:
    """CON: whom to contact next, and how; what the gate refuses is asked again, with the rule and the time."""
    form = with_choice(ContactRequest, "person", "联系对象 Whom", list(people))

    def check(given: ContactRequest, signer: Signer) -> list[str]:
        if given.what == "lost":
            return missing_before_loss(work)
        if given.what == "hand_over":
            return [] if len(given.reason.strip()) >= 5 else ["须说明移交的理由 (say why it is handed over)"]
        if given.what != "contact":
            return []
        at = _moment(work, given)
        if given.planned and at < work.office.now:
            return ["预约时间已过 (that time is over)"]
        if given.planned and work.office.local(at).date() != signer.day:
            # What would stop it then nobody knows today.
            return ["只能预约当天的联系, 请到当天再办理 (for today only: come back on that day)"]
        why = refused(work, _request(people, given, at, signer.staff_no))
        return [why] if why else []

    return work.ask(
        f"contact-{number}",
        form,
        duty="report",
        title="下一次联系",
        of=_whose(work, officer),
        due_on=next_on(work, rhythm_of(work)),
        context=about + known(work),
        check=check,
    )


def _request(people: dict[str, Person], given: ContactRequest, at: datetime, agent: str) -> Request:
    """The contact that a form asks for, at the number given or the known one."""
    person = people[chosen_one(given, "person")]
    return Request(person, given.channel_code, at, agent, given.number or person.phone, given.at_workplace)


def _moment(work: LoanWork, given: ContactRequest, now: datetime | None = None) -> datetime:
    """When the contact takes place: at the planned time of the borrowers' place, or now."""
    if not given.planned:
        return now or work.office.now
    policy = work.policy_of_today
    zone = policy.contact.zone(work.loan.branch_no or "", policy.time_zone)
    return datetime.strptime(given.planned, "%Y-%m-%d %H:%M").replace(tzinfo=zone)


def _contact(
    work: LoanWork, about: str, officer: str, people: dict[str, Person], asked: Answer[ContactRequest], number: int
) -> None:
    """A permitted contact takes place, and its result is entered: a promise, what stops others, or nobody reached."""
    at = _moment(work, asked.form, asked.signed_at)
    request = _request(people, asked.form, at, asked.staff_no)
    person = request.person
    contact_no = permit(work.case.case_no, f"contact-{number}", request)
    if not contact_no:
        return  # another agent was quicker: asked again
    third = person.role == "third_party"

    def check(form: ContactResult, signer: Signer) -> list[str]:
        faults = []
        if bool(form.promise_on) != bool(form.promise_amount):
            faults.append("承诺须有确切日期和金额 (a promise has an exact day and amount)")
        if form.promise is not None:
            due_on, amount = form.promise
            last = signer.day + timedelta(days=work.policy.collection.promise_max_days)
            if form.code != "talked" or third:
                faults.append("只有与债务人本人谈话才有承诺 (only who owes can promise)")
            if not signer.day <= due_on <= last or amount <= 0:
                faults.append(f"承诺日须在今天至 {last} 之间, 金额须大于0 (between today and then, more than 0)")
        if form.stops and form.code == "not_made":
            faults.append("未进行的联系不能登记限制 (nothing was heard)")
        if "已死亡 deceased" in form.stops and not form.document.strip():
            faults.append("死亡须有凭证 (name the proof)")
        return faults

    when = f"{work.office.local(at):%Y-%m-%d %H:%M}"
    context = f"\n\n**{person.label}** {asked.form.channel} …{request.number[-4:]} {when}"
    warning = (
        "\n\n> **只可询问如何联系借款人, 不得透露债务 Ask only how to reach the borrower; never a word of the debt.**"
    )
    noted = work.ask(
        f"result-{number}",
        ContactResult,
        duty="report",
        title="联系结果",
        of=_whose(work, officer),
        due_on=max(work.office.local(at).date(), work.day_of(asked)) + timedelta(days=1),
        context=about + context + (warning if third else "") + known(work),
        check=check,
    )

    def enter(writer: Writer) -> None:
        by, day = noted.staff_no, work.day_of(noted)
        contacts.note(writer, contact_no, result=noted.form.code, text=noted.form.note, by=by)
        if noted.form.promise is not None:
            due_on, amount = noted.form.promise
            promises.make(writer, work.case, contact_no, made_on=day, due_on=due_on, amount=amount, by=by)
        for heard in noted.form.stops:
            kind, channel = STOPS[heard]
            # What somebody else tells of the debtor is the debtor's.
            of_debtor = person.role in ("third_party", "heir", "attorney") and kind in OF_DEBTOR
            contacts.stop(
                writer,
                f"{contact_no}-{kind}{channel}",
                role="borrower" if of_debtor else person.role,
                person_no=work.loan.borrower_no if of_debtor else person.number,
                kind=kind,
                channel=channel,
                day=day,
                document=noted.form.document,
                case=work.case,
                by=by,
                loan_no=work.loan.loan_no,
            )

    work.note(enter)


def _trace(work: LoanWork, about: str, officer: str, number: int) -> bool:
    """COL-6: the borrower is recorded as lost, a warning signal is raised, and he is looked for, from lawful sources
    only; gives whether he was found."""
    loan, stop_no = work.loan, f"{work.case.case_no}-lost-{number}"

    def lost(writer: Writer) -> None:
        if writer.session.get(ContactStop, stop_no) is not None:
            return
        contacts.stop(
            writer,
            stop_no,
            role="borrower",
            person_no=loan.borrower_no,
            kind="lost",
            channel="",
            day=work.office.today,
            document="3:3:3",
            case=work.case,
            by="",
            loan_no=loan.loan_no,
        )
        signals.note(writer, work.case, "lost_contact", work.office.today, "3:3:3")

    work.note(lost)
    traced = work.ask(
        f"trace-{number}",
        Tracing,
        duty="report",
        title="失联查找",
        of=_whose(work, officer),
        due_on=work.in_working_days(2 * _days(work)),
        context=about + known(work),
        check=lambda form, _s: (
            ["须填写新的号码或地址 (the new number or address)"] if form.found and not form.number else []
        ),
    )
    if traced.form.found:
        work.note(
            lambda writer: contacts.lift(
                writer,
                "borrower",
                loan.borrower_no,
                "lost",
                work.day_of(traced),
                by=traced.staff_no,
                loan_no=loan.loan_no,
            )
        )
    return traced.form.found


def _preserve(work: LoanWork, answer: Answer, why: str) -> None:
    """WO-4: where the borrower is dead, vanished or insolvent, assets are preserved within a day."""
    origin = f"{work.case.case_no}/{why}"
    work.note(
        lambda writer: cases.open_next(
            writer, work.office.policy_file, "preservation", work.loan, work.day_of(answer), origin=origin
        )
    )


def _refer(work: LoanWork, about: str, asked: Answer[ContactRequest], number: int) -> Answer[SupervisorSignature]:
    """WO-1: by decision of the supervisor the loan goes to the workout before the rule says so."""
    return work.ask(
        f"refer-{number}",
        SupervisorSignature,
        duty="sign",
        title="移交不良处置",
        of=work.of_branch(SUPERVISOR),
        due_on=work.working_days_after(asked, _days(work)),
        context=about + known(work) + shown("移交理由", asked),
    )


def _open_transfer(writer: Writer, work: LoanWork, signed: Answer[SupervisorSignature], number: int) -> None:
    """Once for each referral: a later one may follow a transfer that was refused, this one must not open another."""
    step = f"referred-{number}"
    if cases.result(writer.session, work.case.case_no, step) is not None:
        return
    opened = cases.open_next(
        writer,
        work.office.policy_file,
        "workout_transfer",
        work.loan,
        work.day_of(signed),
        origin=f"{work.case.case_no}/{number}",
    )
    cases.finish_step(writer, work.case, step, {"transfer": opened.case_no})


# ---------------------------------------------------------------------------------------- demand notices


@flow(name="demand-notice", flow_run_name="催收通知书 {case_no}", retries=0)
def demand_notice(case_no: str = CASE_NUMBER) -> State:
    """The demand notice to borrower and guarantors: sent and printed, handed over or posted, with proof (COL-7).

    Args:
        case_no: the case in the book, for example DN-L0001-1-M2. The daily round opens it.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    officer = assign_officer(case_no)
    addressees = issue_demand(case_no, work.case.due_on)
    tell(
        case_no,
        "demand_notice",
        "tell",
        ["borrower", "guarantor"],
        pay_by=work.case.due_on,
        amount=overdue_of(work),
        currency=work.loan.currency,
    )
    notices.deliver()
    delivered = _deliver(work, list(addressees.values()), officer)
    papers: list[tuple[str, Form]] = [("送达与回执", delivered.form)]
    archive_paper(case_no, "demand_notice_slips", f"{DEMAND}: 回执", papers)
    form = delivered.form
    signed, posted = ({no for no, label in addressees.items() if label in chosen(form, name)} for name in _WAYS[:2])

    def enter(writer: Writer) -> None:
        slips.settle(
            writer,
            work.case,
            returned=signed,
            day=work.day_of(delivered),
            signed_by=form.signed_by,
            handed_over_on=form.delivered_on,
            by=delivered.staff_no,
        )
        enter_letters(writer, work, signed | posted, delivered.staff_no, delivered.signed_at)
        interrupt(writer, work, signed, form.delivered_on, f"回执 {form.signed_by}", delivered.staff_no)
        interrupt(writer, work, posted, form.delivered_on, form.registered_no, delivered.staff_no)

    proven = len(signed | posted) == len(addressees)
    outcome = "demand_proven" if proven else "demand_refused"
    return work.finish(outcome, f"{case_no}: {len(signed | posted)} of {len(addressees)} proven", enter)


_WAYS = ("returned", "posted", "refused")


def _deliver(work: LoanWork, addressees: list[str], officer: str) -> Answer[DemandDelivered]:
    """Each addressee signs for it, or it goes by registered post or notary, or it is on record that it failed."""
    form = with_choices(
        DemandDelivered,
        returned=("已收回签字回执 Signed slips returned by", addressees),
        posted=("挂号信或公证送达 By registered post or notary", addressees),
        refused=("拒签或无法送达 Refused, or not reached", addressees),
    )

    def check(given: DemandDelivered, signer: Signer) -> list[str]:
        ways = {who: [way for way in _WAYS if who in chosen(given, way)] for who in addressees}
        faults = [f"{who}: 须选择一种送达结果 (one way of delivery for each)" for who, n in ways.items() if len(n) != 1]
        if not work.case.opened_on <= given.delivered_on <= signer.day:
            faults.append(f"日期须在 {work.case.opened_on} 至今天之间 (between the opening and today)")
        for who in {*chosen(given, "returned"), *chosen(given, "posted")}:
            why = refused_letter(work, who, signer.staff_no)
            faults += [f"{who}: {why}"] if why else []
        if chosen(given, "returned") and not given.signed_by.strip():
            faults.append("须填写回执签收人 (who signed the slip?)")
        if chosen(given, "posted") and not given.registered_no.strip():
            faults.append("须填写挂号信或公证编号 (the number of the registered letter or deed)")
        if chosen(given, "refused") and len(given.remark.strip()) < 5:
            faults.append("拒签或无法送达须说明情况和见证人 (refused: say how, and who was witness)")
        return faults

    return work.ask(
        "deliver",
        form,
        duty="report",
        title=f"{DEMAND}: 送达",
        of=work.named(OFFICER, officer),
        due_on=work.case.due_on,
        context=work.heading(DEMAND, ("收件人", "、".join(addressees))),
        check=check,
    )


# ---------------------------------------------------------------------------------------- the clock


@flow(name="clock-pause", flow_run_name="暂停计时 {case_no}", retries=0)
def clock_pause(case_no: str = CASE_NUMBER) -> State:
    """The clock of a loan is stopped from a day to a day, or runs again early: asked for, and granted (COL-2).

    Args:
        case_no: the case in the book, for example PS-L0001-1; opened by hand.
    """
    work = begin_on_loan(case_no)
    if work is None:
        return superseded()
    officer = assign_officer(case_no)
    about = work.heading(PAUSE)
    rework = 1
    while True:
        asked = _ask_pause(work, about, officer, rework)
        if asked.form.what == "withdraw":
            return work.finish("withdrawn", f"{case_no}: withdrawn")
        decided = work.ask(
            nth("approve", rework),
            OfficeDecision,
            duty="approve",
            title="暂停计时审批",
            of=work.of_branch(work.policy.collection.pause_authority),
            due_on=work.working_days_after(asked, _days(work)),
            context=about + known(work) + shown("申请", asked),
        )
        if not decided.form.approved:
            return work.finish("refused", f"{case_no}: refused")
        try:
            work.note(lambda writer, asked=asked: _set_clock(writer, work, asked))  # type: ignore[misc]
            break
        except PostloanError:
            rework += 1  # another pause was entered meanwhile

    papers: list[tuple[str, Form]] = [("申请", asked.form), ("审批", decided.form)]
    archive_paper(case_no, "clock_pause_record", PAUSE, papers, rounds=rework)
    outcome = "paused" if asked.form.what == "pause" else "clock_resumed"
    return work.finish(outcome, f"{case_no}: {outcome}")


def _ask_pause(work: LoanWork, about: str, officer: str, rework: int) -> Answer[PauseRequest]:
    def check(form: PauseRequest, signer: Signer) -> list[str]:
        if form.what == "withdraw":
            return []
        with work.office.book.read() as session:
            others = stages.pauses(session, work.loan.loan_no)
            runs = stages.running(session, work.loan.loan_no, form.from_on)
        faults = [] if form.document.strip() else ["须填写依据 (name the proof)"]
        if form.what == "resume":
            if runs is None or form.from_on < signer.day:
                faults.append("该日没有暂停, 或日期已过 (no pause runs on that day, or it is over)")
            return faults
        longest = timedelta(days=work.policy.collection.pause_max_days)
        until_on = date.fromisoformat(form.until_on) if form.until_on else None
        if until_on is None or not form.from_on <= until_on < form.from_on + longest:
            faults.append(f"须填写截止日, 最长 {longest.days} 天 (until when? at most so many days)")
        elif any(form.from_on <= stages.last_day(p) and p.from_on <= until_on for p in others):
            faults.append("与已有的暂停重叠 (it overlaps with another pause)")
        return faults

    return work.ask(
        nth("request", rework),
        PauseRequest,
        duty="report",
        title="暂停计时申请",
        of=work.named(OFFICER, officer),
        due_on=work.case.due_on if rework == 1 else work.in_working_days(_days(work)),
        context=about + known(work),
        check=check,
    )


def _set_clock(writer: Writer, work: LoanWork, asked: Answer[PauseRequest]) -> None:
    form = asked.form
    if cases.result(writer.session, work.case.case_no, "clock") is not None:
        return
    if form.what == "pause":
        stages.pause(
            writer,
            work.case,
            work.loan,
            reason=form.cause.split()[-1],
            from_on=form.from_on,
            until_on=date.fromisoformat(form.until_on),
            document=form.document,
            by=asked.staff_no,
        )
    else:
        stages.resume(writer, work.case, work.loan, on_day=form.from_on, document=form.document, by=asked.staff_no)
    cases.finish_step(writer, work.case, "clock", {"set": form.what})
