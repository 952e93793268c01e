"""The loan ledger at a year's end (贷款台帐结转): balances carried forward, checked, printed and signed (REC-2)."""

from __future__ import annotations

from prefect import flow
from prefect.states import State

from postloan.book import ledger
from postloan.forms.base import SupervisorSignature
from postloan.forms.registers import LedgerCheck
from postloan.rendering import money
from postloan.rules.classification import TITLES
from tasks.archive import archive_paper
from tasks.human import Answer, Signer
from tasks.ledger import carry_over
from tasks.work import CASE_NUMBER, Work, begin, nth, shown, superseded

TITLE = "贷款台帐年终结转表"


@flow(name="ledger-carry-over", flow_run_name="台帐结转 {case_no}", retries=0)
def ledger_carry_over(case_no: str = CASE_NUMBER) -> State:
    """The balances of a branch at the year's end, loan by loan: carried forward, checked, signed by the head.

    Args:
        case_no: the case in the book, for example LC-B01-2025-12-31. The daily round opens it.
    """
    work = begin(case_no)
    if work is None:
        return superseded()
    carry_over(case_no)
    with work.office.book.read() as session:
        balances = ledger.balances(session, case_no)
    totals: dict[str, list] = {}
    for row in balances:
        totals.setdefault(row["currency"], []).append(row["principal_outstanding"])
    about = work.heading(
        TITLE,
        ("机构", work.branch or "总行"),
        ("截至", str(work.case.anchor_on)),
        ("笔数", str(len(balances))),
        *((f"贷款余额 {currency}", money(sum(amounts))) for currency, amounts in totals.items()),
    )

    rework = 1
    while True:
        checked = _check(work, about, rework)
        signed = work.ask(
            nth("sign", rework),
            SupervisorSignature,
            duty="sign",
            title="台帐结转签字",
            of=work.of_branch(work.policy.ledger.head),
            due_on=max(work.case.due_on, work.day_of(checked)),
            context=about + shown("核对", checked),
        )
        if not signed.form.returned:
            break
        rework += 1

    table = {
        "title": f"{TITLE} ({work.case.anchor_on})",
        "columns": ["借据号", "借款人", "本金", "到期日", "余额", "逾期金额", "逾期天数", "分类"],
        "rows": [
            [
                row["loan_no"],
                row["name"],
                f"{money(row['principal'])} {row['currency']}",
                str(row["matures_on"]),
                money(row["principal_outstanding"]),
                money(row["overdue"]),
                str(row["days_past_due"]),
                TITLES[row["risk_class"]],
            ]
            for row in balances
        ],
    }
    papers = [("核对", checked.form), ("签字", signed.form)]
    archive_paper(case_no, "ledger_balances", TITLE, papers, rounds=rework, tables=[table])
    return work.finish("carried_over", f"{case_no}: {len(balances)} balances")


def _check(work: Work, about: str, rework: int) -> Answer[LedgerCheck]:
    """The balances are compared with the general ledger."""

    def check(form: LedgerCheck, _signer: Signer) -> list[str]:
        if not form.agree and not form.differences.strip():
            return ["不符时须说明差异 (say what differs)"]
        return []

    return work.ask(
        nth("check", rework),
        LedgerCheck,
        duty="check",
        title="台帐余额核对",
        of=work.of_branch(work.policy.ledger.checker),
        due_on=max(work.case.due_on, work.office.today) if rework > 1 else work.case.due_on,
        context=about + work.returned(rework, ("sign", "opinion")),
        check=check,
    )
