"""A notice that could not be delivered: operations decide (MAT-1)."""

from __future__ import annotations

from prefect import flow
from prefect.states import Completed, State

from postloan.book import cases, notices
from postloan.forms.notices import UndeliveredNotice
from postloan.rendering import plain
from postloan.rules.duties_apart import Mandate
from tasks import notices as outbox
from tasks import runs
from tasks.human import Signer, ask
from tasks.office import Office
from tasks.work import CASE_NUMBER


@flow(name="undelivered-notice", flow_run_name="通知未送达 {case_no}", retries=0)
def undelivered_notice(case_no: str = CASE_NUMBER) -> State:
    """Ask operations what becomes of a notice that no gateway took, and do it.

    Args:
        case_no: the case in the book, for example UN-N0123456789AB-1. The daily round opens it.
    """
    office = Office.open()
    if not runs.claim(office, case_no):
        return Completed(name="Superseded", message="another run carries out this case, or it is closed")
    with office.book.read() as session:
        case = cases.get(session, case_no)
        notice = notices.get(session, case.subject.split("/")[0])

    def check(form: UndeliveredNotice, _signer: Signer) -> list[str]:
        if form.address and not form.decision.startswith("重发"):
            return ["只有重发时才能更正地址 (an address is for sending again only)"]
        return []

    answer = ask(
        office,
        case,
        step="decide",
        duty="decide",
        title="处理未送达通知",
        form=UndeliveredNotice,
        of=Mandate("operations"),
        due_on=case.due_on,
        context=(
            f"### 通知 {notice.notice_no} 未送达\n\n"
            f"| 种类 | 借据号 | 收件人 | 渠道 | 次数 |\n|---|---|---|---|---|\n"
            f"| {notice.kind} | {notice.loan_no} | {notice.recipient_kind} {notice.recipient_no} "
            f"| {notice.channel or '—'} | {notice.tries} |\n\n"
            f"**原因:** {plain(notice.last_error)}"
        ),
        check=check,
    )
    with office.book.write(actor=answer.staff_no, origin=f"flow-run {runs.current_run_id()}") as writer:
        # Only once, and in one transaction with the case's end.
        if cases.get(writer.session, case_no).state == "open":
            if answer.form.decision.startswith("重发"):
                notices.send_again(writer, notice.notice_no, answer.form.address)
            elif answer.form.decision.startswith("已送达"):
                notices.confirm_sent(writer, notice.notice_no)
            else:
                notices.give_up(writer, notice.notice_no)
            cases.close(writer, case, answer.form.decision)
    outbox.deliver()
    runs.show_done(case)
    return Completed(message=f"{notice.notice_no}: {answer.form.decision}")
