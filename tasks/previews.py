"""What an approver sees before he signs: who owes how much, how he paid, what secures it, what would change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlmodel import Session

from postloan.book import classification, extensions, loans, titles
from postloan.book.extensions import Preview
from postloan.book.tables import Loan
from postloan.calendar import months_after
from postloan.card.figures import cover
from postloan.policy import Policy
from postloan.rendering import money
from postloan.rules.classification import TITLES
from postloan.rules.roles import title as role_title
from postloan.rules.schedule import Planned
from tasks.work import table

MONTHS = 12


def exposure(session: Session, policy: Policy, loan: Loan, day: date) -> str:
    """The borrower's exposure, the loan's standing, class and cover, and how it was paid, as markdown."""
    standing = loans.standing(session, loan, day)
    decided = classification.newest(session, loan.loan_no, day)
    held = titles.of_loan(session, loan.loan_no, day)
    worth = cover([item.collateral.value for item in held], standing.principal_outstanding)
    running = loans.running(session, loan.borrower_no, day)
    facts = table(
        "授信与担保 Exposure and security",
        (
            ("贷款余额", money(standing.principal_outstanding)),
            ("逾期金额", money(standing.overdue)),
            ("逾期天数", str(standing.days_past_due)),
            ("借款人及客户群总授信", f"{money(extensions.exposure(session, loan, day))} ({len(running)} 笔)"),
            ("风险分类", TITLES[classification.shown(policy, standing.days_past_due, decided)]),
            ("押品价值", money(worth["collateral_value"])),
            ("覆盖率", str(worth["ratio"]) if worth["ratio"] is not None else "—"),
        ),
    )
    return f"\n\n{facts}\n\n{_history(session, loan, day)}"


def _history(session: Session, loan: Loan, day: date) -> str:
    """Days past due at the ends of the last months: how the loan was paid."""
    first = day.replace(day=1)
    ends = [months_after(first, -n) - timedelta(days=1) for n in reversed(range(MONTHS))]
    ends = [end for end in ends if end >= loan.disbursed_on]
    if not ends:
        return "还款记录: 不足一个月 (less than a month)"
    days = [loans.standing(session, loan, end).days_past_due for end in ends]
    return "\n".join(
        (
            "**月末逾期天数 Days past due at the ends of the months**",
            "",
            "|" + "|".join(f"{end:%y-%m}" for end in ends) + "|",
            "|" + "---|" * len(ends),
            "|" + "|".join(map(str, days)) + "|",
        )
    )


def schedules(preview: Preview) -> str:
    """What a decision does to the schedule: before and after, as markdown."""
    return _schedule("还款计划: 变更前 Before", preview.before) + _schedule("还款计划: 变更后 After", preview.after)


def _schedule(title: str, planned: Sequence[Planned]) -> str:
    lines = [f"| {p.due_on} | {money(p.principal)} | {money(p.interest)} |" for p in planned[:24]]
    if len(planned) > 24:
        lines.append(f"| … {len(planned) - 24} | | |")
    return f"\n\n**{title}**\n\n| 应还日 | 本金 | 利息 |\n|---|---|---|\n" + "\n".join(lines)


def signers(levels: Sequence[str], at: int) -> str:
    """Who decides in which order; the one whose turn it is, in bold."""
    names = [f"**{role_title(role)}**" if n == at else role_title(role) for n, role in enumerate(levels)]
    return f"\n\n审批顺序 Who signs: {' → '.join(names)}"
