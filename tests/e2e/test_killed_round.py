"""kill -9 of the round at any moment: the next one finishes what it began, once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import date, timedelta
from decimal import Decimal

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags
from sqlmodel import col, select

from postloan.book import audit
from postloan.book.tables import AuditEvent, Case, Loan
from postloan.settings import REPOSITORY
from tests.e2e.conftest import Installation
from tests.e2e.test_first_inspection import round_, until

pytestmark = [pytest.mark.server, pytest.mark.slow]


def more_loans(here: Installation, numbers: list[str], drawn: date) -> None:
    with here.office.book.write(origin="test") as writer:
        for number in numbers:
            writer.session.add(
                Loan(
                    loan_no=number,
                    borrower_no="C1",
                    branch_no="B1",
                    officer_no="S001",
                    principal=Decimal("100000.00"),
                    annual_rate=Decimal("4.35"),
                    disbursed_on=drawn,
                    first_drawdown_on=drawn,
                    matures_on=drawn.replace(year=drawn.year + 1),
                )
            )


def test_kill_9_of_the_round(installation: Installation, first_round: object) -> None:
    here = installation
    numbers = [f"K{n:02d}" for n in range(1, 9)]
    # By seconds, as the round has to import Prefect first: some die before, some amid, some after the work.
    for at, delay in enumerate((1.5, 2.5, 3.0, 3.5)):
        more_loans(here, numbers[2 * at : 2 * at + 2], here.today - timedelta(days=3))
        killed = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "day"],
            cwd=REPOSITORY,
            env=here.stack.environment() | {"POSTLOAN_BOOK": here.office.book.url, "PATH": os.environ["PATH"]},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(delay)
        killed.kill()
        killed.wait()
    with here.office.book.read() as session:
        assert audit.verify(session).ok, "a transaction is whole or not at all"
    round_(here)
    with here.office.book.read() as session:
        mine = session.exec(select(Case).where(col(Case.loan_no).in_(numbers))).all()
        opened = session.exec(
            select(AuditEvent).where(AuditEvent.event == "case.opened", col(AuditEvent.loan_no).in_(numbers))
        ).all()
        assert audit.verify(session).ok
    assert sorted(c.loan_no for c in mine) == numbers == sorted(e.loan_no for e in opened)
    assert all(c.flow_run_id for c in mine), "every case has a run"
    until(lambda: all(len(live_runs(c.case_no)) == 1 for c in mine), "one live run for each case")


def live_runs(case_no: str) -> list[str]:
    """The runs of a case that are not over."""
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(tags=FlowRunFilterTags(all_=[f"case:{case_no}"])))
    return [str(run.id) for run in runs if run.state and not run.state.is_final()]
