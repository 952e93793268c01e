"""Mapping files: what they can do, and what is wrong with a wrong one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlmodel import select

from postloan.book.tables import Borrower, Instalment, Loan, Position
from postloan.calendar import months_after
from tests.feeds.desk import Desk

FILE = "id,who,lent,when,months,state\n7,B1,1000,3/31/2026,6,open\n8,B2,2000,1/15/2026,12,void\n"
MAPPING = """
kind = "loans"
[columns]
borrower_no = "who"
principal = "lent"
disbursed_on = "when"
product = "state"
[constants]
annual_rate = "5.5"
currency = "USD"
[template]
loan_no = "X-{id}"
[values.product]
open = "instalment loan"
[formats]
date = "%m/%d/%Y"
[derive]
matures_on = { from = "disbursed_on", plus_months = "months" }
[skip]
state = ["void"]
"""


def test_a_foreign_file_becomes_canonical(lite: Desk) -> None:
    outcome = lite.take("loans", FILE, mapping=MAPPING)
    assert (outcome.rows, outcome.added, outcome.skipped, outcome.unknown_columns) == (1, 1, 1, [])
    loan = lite.get(Loan, "X-7")
    assert (loan.principal, loan.annual_rate, loan.currency) == (Decimal(1000), Decimal("5.5"), "USD")
    assert (loan.disbursed_on, loan.matures_on, loan.product) == (
        date(2026, 3, 31),
        date(2026, 9, 30),
        "instalment loan",
    )


def test_another_mapping_makes_it_another_feed(lite: Desk) -> None:
    assert lite.take("loans", FILE, mapping=MAPPING).added == 1
    assert lite.take("loans", FILE, mapping=MAPPING).repeated
    assert lite.take("loans", FILE, mapping=MAPPING.replace("5.5", "5.6")).changed == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[columns", "is not TOML"),
        ('[colums]\nloan_no = "id"', "colums is unknown"),
        ('kind = "staff"', "kind is 'staff'"),
        ('[columns]\nloan = "id"', "columns.loan is no column of loans"),
        ("[columns]\nloan_no = 7", "columns.loan_no must be a text"),
        ('columns = "id"', "columns must be a table"),
        ('[template]\nloan_no = "{id.__class__}"', "template.loan_no"),
        ('[template]\nloan_no = "{id!r}"', "template.loan_no"),
        ('[template]\nloan_no = "{}"', "template.loan_no"),
        ('[template]\nloan_no = "{id"', "template.loan_no"),
        ('[formats]\ndate = "month first"', "formats.date"),
        ('[formats]\nprincipal = "%d"', "neither a date nor a rate"),
        ('[formats]\nannual_rate = "half"', "fraction"),
        ('[formats]\npenalty_surcharge = "%"', "formats.penalty_surcharge must be"),
        ('[derive]\nmatures_on = { from = "principal", plus_months = "months" }', "not a date column"),
        ('[derive]\nmatures_on = { from = "disbursed_on" }', "derive.matures_on"),
        ('[derive]\nprincipal = { from = "disbursed_on", plus_months = 1 }', "not a date column"),
        ('[schedule]\nstart = "when"', "for instalments only"),
        ('[columns]\nloan_no = "id"\n[constants]\nloan_no = "7"', "more than once"),
        ('[ignore]\nrows = ["1"]', "ignore knows only columns"),
        ('[skip]\nstate = "void"', "skip.state must be a list"),
        ('[values]\nproduct = "x"', "values.product"),
    ],
)
def test_a_wrong_mapping_names_the_key(lite: Desk, text: str, said: str) -> None:
    assert said in lite.refusal("loans", FILE, mapping=text)


def test_a_header_that_the_file_lacks(lite: Desk) -> None:
    fault = lite.fault("loans", FILE, mapping=MAPPING.replace('"who"', '"whom"'))
    assert (fault.row, fault.column) == (1, "whom")


def test_faults_name_the_header_of_the_file(lite: Desk) -> None:
    found = lite.faults("loans", FILE.replace("3/31/2026,6", "31/3/2026,0"), mapping=MAPPING)
    assert [f.column for f in found] == ["disbursed_on (when)", "matures_on (months)"]


def test_ignored_columns_are_not_reported(lite: Desk) -> None:
    text = FILE.replace("state", "status").replace("id,", "id,x,").replace("7,", "7,1,").replace("8,", "8,1,")
    plain = MAPPING.replace('"state"', '"status"').replace("state =", "status =")
    assert lite.take("loans", text, mapping=plain, dry_run=True).unknown_columns == ["x"]
    assert lite.take("loans", text, mapping=plain + '[ignore]\ncolumns = ["x"]\n').unknown_columns == []


def test_months_end_where_the_month_ends() -> None:
    assert months_after(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert months_after(date(2026, 1, 31), 13) == date(2027, 2, 28)
    assert months_after(date(2026, 3, 31), 6) == date(2026, 9, 30)
    assert months_after(date(2026, 12, 15), 1) == date(2027, 1, 15)


SCHEDULE = """
[columns]
loan_no = "no"
[constants]
interest_due = "0"
[schedule]
start = "from"
count = "n"
each = "rate"
total = "sum"
"""


def test_a_schedule_is_spread_over_its_months_and_the_last_takes_the_rest(lite: Desk) -> None:
    text = "no,from,n,rate,sum\nL1,2026-01-31,3,33.33,100.00\n"
    assert lite.take("instalments", text, mapping=SCHEDULE).added == 3
    rows = lite.ask(select(Instalment).order_by(Instalment.number))
    assert [(i.due_on.isoformat(), str(i.principal_due)) for i in rows] == [
        ("2026-02-28", "33.33"), ("2026-03-31", "33.33"), ("2026-04-30", "33.34"),
    ]  # fmt: skip
    assert "more than the total" in lite.fault("instalments", text.replace("33.33", "60"), mapping=SCHEDULE).reason
    assert lite.fault("instalments", text.replace(",3,", ",x,"), mapping=SCHEDULE).column == "n"


POSITION = "loan_no,as_of,principal_outstanding,overdue_principal,overdue_interest,days_past_due\n"


def test_an_amount_below_the_least_counts_as_the_least(lite: Desk) -> None:
    rows = POSITION + "L1,2026-03-31,-12.5,0,0,0\nL2,2026-03-31,12.50,0,0,0\n"
    assert "negative" in lite.fault("positions", rows).reason
    assert lite.take("positions", rows, mapping='[least]\nprincipal_outstanding = "0"\n').added == 2
    found = {p.loan_no: p.principal_outstanding for p in lite.ask(select(Position))}
    assert found == {"L1": Decimal(0), "L2": Decimal("12.50")}
    text = rows.replace("-12.5", "-x")
    assert "plain" in lite.fault("positions", text, mapping='[least]\nprincipal_outstanding = "0"\n').reason


@pytest.mark.parametrize(
    ("least", "reason"),
    [('days_past_due = "0"', "no amount"), ('principal_outstanding = "x"', "plain"), ('shoe_size = "0"', "no column")],
)
def test_only_an_amount_has_a_least(lite: Desk, least: str, reason: str) -> None:
    assert reason in lite.refusal("positions", POSITION, mapping=f"[least]\n{least}\n")


# The real books


def test_the_berka_bank(desk: Desk, shared_data, examples) -> None:
    def take(kind: str, part: str):
        file = shared_data / f"berka_1993_1998_{part}.csv"
        return desk.take(kind, file.read_bytes(), mapping=(examples / f"berka/{kind}.toml").read_text())

    assert take("branches", "district").added == 77
    assert take("borrowers", "account").added == 4500
    assert take("loans", "loan").added == 682
    outcome = take("instalments", "loan")
    assert (outcome.rows, outcome.unknown_columns) == (682, [])
    loan = desk.get(Loan, "4959")
    assert (loan.disbursed_on, loan.matures_on, loan.currency) == (date(1994, 1, 5), date(1996, 1, 5), "CZK")
    assert desk.get(Borrower, "576").branch_no == "55"
    due = desk.ask(select(Instalment).where(Instalment.loan_no == "4959"))
    assert (len(due), sum(i.principal_due for i in due)) == (24, Decimal("80952.00"))


def test_lending_club(desk: Desk, shared_data, examples) -> None:
    content = (shared_data / "lending_club_2018_positions.csv").read_bytes()
    for kind in ("borrowers", "loans", "positions"):
        outcome = desk.take(kind, content, mapping=(examples / f"lending_club/{kind}.toml").read_text())
        assert (outcome.added, outcome.unknown_columns) == (10_000, [])
    late = desk.ask(select(Position).where(Position.days_past_due >= 30))
    assert len(late) == 38 + 66 + 7
    assert desk.get(Borrower, "B1").rating == "C"
    assert desk.get(Loan, "LC1").matures_on == date(2023, 3, 1)


def test_the_broken_record_of_the_taiwan_file_is_named(lite: Desk, shared_data) -> None:
    content = (shared_data / "taiwan_2005_payment_history.csv").read_bytes()
    mapping = '[columns]\nborrower_no = "ID"\n[constants]\nkind = "personal"\n[template]\nname = "Card {ID}"\n'
    found = lite.faults("borrowers", content, mapping=mapping + '[ignore]\ncolumns = ["*"]\n')
    assert [(f.row, f.reason.split(",")[0]) for f in found] == [(2, "has 2 fields"), (3, "has 24 fields")]
