"""PAY-1: allocation of receipts against published cases, and what holds for any receipts and reversals."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postloan.rules.allocation import PARTS, Account, Claim, Receipt, Terms, account, journal
from postloan.rules.interest import DAY_COUNTS
from postloan.rules.position import Due, days_past_due

PUBLISHED = tomllib.loads(Path(__file__).with_name("published_cases.toml").read_text("utf-8"))
FIRST, DAYS = date(2026, 1, 1), 240
ORDER = ("fee", "penalty", "interest", "principal")
PRINCIPAL_FIRST = ("principal", "interest", "penalty", "fee")
TERMS = Terms(
    annual_rate=Decimal("6"),
    day_count="30/360",
    surcharge=None,
    compound=False,
    order=ORDER,
    non_performing_order=PRINCIPAL_FIRST,
    non_performing_days=90,
)
LATE = replace(TERMS, day_count="actual/360", surcharge=Decimal("50"))


def claims_of(rows: list[list[str]]) -> list[Claim]:
    return [Claim(number, date.fromisoformat(due), *map(Decimal, amounts)) for number, due, *amounts in rows]


def receipts_of(rows: list[list[str]]) -> list[Receipt]:
    return [Receipt(number, date.fromisoformat(day), Decimal(money), *rest) for number, day, money, *rest in rows]


def fact(state: Account, name: str) -> object:
    """What a published case states: a property of the account, a part paid, or the sum of a part owed."""
    if name.startswith("paid_"):
        return state.paid[name.removeprefix("paid_")]
    if hasattr(state, name):
        return getattr(state, name)
    return sum(getattr(owed, name) for owed in state.owed)


def terms_of(stated: dict) -> Terms:
    """TERMS, with what a case states otherwise."""
    read = {"order": tuple, "annual_rate": Decimal, "surcharge": Decimal}
    return replace(TERMS, **{name: read.get(name, lambda value: value)(value) for name, value in stated.items()})


@pytest.mark.parametrize("case", PUBLISHED["allocation"], ids=lambda c: c["name"])
def test_cases_as_published(case: dict) -> None:
    terms, claims, receipts = terms_of(case.get("terms", {})), claims_of(case["claims"]), receipts_of(case["receipts"])
    for expected in case["then"]:
        state = account(terms, claims, receipts, date.fromisoformat(expected["day"]))
        for name, value in expected.items():
            if name != "day":
                assert fact(state, name) == (Decimal(value) if isinstance(value, str) else value), (expected, name)


# --------------------------------------------------------------------------------- what always holds

money = st.integers(0, 40_000).map(lambda n: Decimal(n).scaleb(-2))
day = st.integers(0, DAYS).map(lambda n: FIRST + timedelta(days=n))
orders = st.permutations(PARTS).map(tuple)
terms_of_any_kind = st.builds(
    Terms,
    annual_rate=st.integers(0, 3600).map(lambda n: Decimal(n) / 100),
    day_count=st.sampled_from(DAY_COUNTS),
    surcharge=st.none() | st.integers(0, 100).map(Decimal),
    compound=st.booleans(),
    order=orders,
    non_performing_order=orders,
    non_performing_days=st.integers(0, 120),
    early=st.booleans(),
    last_day_in_time=st.integers(0, 9).map(lambda n: lambda due_on: due_on + timedelta(days=n)),
)


@st.composite
def claims_of_any_kind(draw: st.DrawFn) -> list[Claim]:
    rows = draw(st.lists(st.tuples(day, money, money, money), min_size=1, max_size=6))
    return [Claim(str(n), *row) for n, row in enumerate(rows)]


@st.composite
def receipts_of_any_kind(draw: st.DrawFn) -> list[Receipt]:
    """Receipts, and reversals of some of them, some even before the receipt came in."""
    paid = draw(st.lists(st.tuples(day, st.integers(1, 90_000)), max_size=8))
    names = draw(st.permutations([f"R{n:02}" for n in range(2 * len(paid))]))
    receipts = [Receipt(name, on, Decimal(n).scaleb(-2)) for name, (on, n) in zip(names, paid, strict=False)]
    reversed_ones = draw(st.lists(st.sampled_from(receipts), unique=True)) if receipts else []
    reversals = [
        Receipt(name, draw(day), receipt.amount, receipt.receipt_no)
        for name, receipt in zip(names[len(paid) :], reversed_ones, strict=False)
    ]
    return draw(st.permutations(receipts + reversals))


def in_force(receipts: list[Receipt], as_of: date) -> list[Receipt]:
    known = [r for r in receipts if r.paid_on <= as_of]
    void = {r.reverses for r in known}
    return [r for r in known if not r.reverses and r.receipt_no not in void]


@given(terms_of_any_kind, claims_of_any_kind(), receipts_of_any_kind(), day)
def test_every_cent_is_somewhere_and_nothing_is_overpaid(
    terms: Terms, claims: list[Claim], receipts: list[Receipt], as_of: date
) -> None:
    state = account(terms, claims, receipts, as_of)
    assert sum(state.paid.values()) + state.excess == sum(r.amount for r in in_force(receipts, as_of))
    assert all(getattr(owed, part) >= 0 for owed in state.owed for part in PARTS)
    assert all(paid >= 0 for paid in state.paid.values())
    for part in ("fee", "interest", "principal"):
        owed = sum(getattr(owed, part) for owed in state.owed)
        assert state.paid[part] + owed == sum(getattr(claim, part) for claim in claims)
    if state.excess:
        assert all(owed.total == 0 or (not terms.early and owed.due_on > as_of) for owed in state.owed)


@given(terms_of_any_kind, claims_of_any_kind(), receipts_of_any_kind(), day)
def test_the_journal_adds_up_to_the_account_of_any_day(
    terms: Terms, claims: list[Claim], receipts: list[Receipt], as_of: date
) -> None:
    entries = [entry for entry in journal(terms, claims, receipts) if entry.on <= as_of]
    assert entries == journal(terms, claims, receipts, as_of)
    assert [e.on for e in entries] == sorted(e.on for e in entries)

    state, paid, charged = account(terms, claims, receipts, as_of), defaultdict(Decimal), defaultdict(Decimal)
    for entry in entries:
        paid[entry.claim, entry.part] += entry.paid
        charged[entry.claim] += entry.charged
        assert entry.charged == 0 or entry.part == "penalty"
    assert paid["", "excess"] == state.excess
    agreed = {claim.number: claim for claim in claims}
    for owed in state.owed:
        for part in ("fee", "interest", "principal"):
            assert paid[owed.number, part] == getattr(agreed[owed.number], part) - getattr(owed, part)
        # The account accrues beyond the last event.
        assert 0 <= charged[owed.number] <= paid[owed.number, "penalty"] + owed.penalty
    for part in PARTS:
        assert sum(paid[claim.number, part] for claim in claims) == state.paid[part]


@given(terms_of_any_kind, claims_of_any_kind(), receipts_of_any_kind(), day)
def test_a_reversed_receipt_never_came(terms: Terms, claims: list[Claim], receipts: list[Receipt], as_of: date) -> None:
    assert account(terms, claims, receipts, as_of) == account(terms, claims, in_force(receipts, as_of), as_of)


@given(terms_of_any_kind, claims_of_any_kind(), receipts_of_any_kind(), day)
def test_oldest_claims_and_first_parts_are_paid_first(
    terms: Terms, claims: list[Claim], receipts: list[Receipt], as_of: date
) -> None:
    terms = replace(terms, surcharge=None, non_performing_days=10**6)
    parts = [
        (getattr(claim, part), getattr(owed, part))
        for claim, owed in zip(
            sorted(claims, key=lambda c: c.due_on), account(terms, claims, receipts, as_of).owed, strict=True
        )
        for part in terms.order
        if part != "penalty" and getattr(claim, part)
    ]
    begun = [agreed > owed for agreed, owed in parts]
    whole = [owed == 0 for _, owed in parts]
    assert begun == sorted(begun, reverse=True)
    assert whole == sorted(whole, reverse=True)
    assert sum(begun) - sum(whole) <= 1


@given(claims_of_any_kind(), receipts_of_any_kind(), day, orders)
def test_days_past_due_are_those_of_the_simple_count(
    claims: list[Claim], receipts: list[Receipt], as_of: date, order: tuple[str, ...]
) -> None:
    terms = replace(TERMS, order=order, non_performing_days=10**6)
    claims = [replace(claim, fee=Decimal("0.00")) for claim in claims]
    received = sum((r.amount for r in in_force(receipts, as_of)), Decimal(0))
    dues = [Due(claim.due_on, claim.interest + claim.principal) for claim in claims]
    assert account(terms, claims, receipts, as_of).days_past_due == days_past_due(dues, received, as_of)


@given(terms_of_any_kind, claims_of_any_kind(), st.lists(day, max_size=8), day)
def test_charging_often_charges_the_same(
    terms: Terms, claims: list[Claim], charged_on: list[date], as_of: date
) -> None:
    """Receipts that an old fee swallows only make penalties be charged on their days as well."""
    terms = replace(terms, non_performing_days=10**6)
    old_fee = Claim("old", FIRST - timedelta(days=1), Decimal("1000.00"), Decimal("0.00"), Decimal("0.00"))
    cents = [Receipt(f"R{n}", on, Decimal("0.01")) for n, on in enumerate(charged_on)]
    often, once = (account(terms, [old_fee, *claims], receipts, as_of).owed[1:] for receipts in (cents, []))
    assert often == once


# -------------------------------------------------------------------------------------- single rules

ONE = [Claim("1", date(2026, 3, 1), Decimal("0.00"), Decimal("100.00"), Decimal("10000.00"))]


def penalty(terms: Terms, receipts: list[list[str]], as_of: str) -> str:
    return str(account(terms, ONE, receipts_of(receipts), date.fromisoformat(as_of)).owed[0].penalty)


def test_penalty_runs_from_the_due_date_unless_paid_by_the_last_day_in_time() -> None:
    """Due on Sunday 1 March 2026, paying on Monday is not late (PAY-2)."""
    monday = replace(LATE, last_day_in_time=lambda due_on: due_on + timedelta(days=1))
    assert penalty(LATE, [], "2026-03-02") == "2.50"
    assert penalty(monday, [], "2026-03-02") == "0.00"
    assert penalty(monday, [["R1", "2026-03-02", "10100.00"]], "2026-12-31") == "0.00"
    assert penalty(monday, [], "2026-03-03") == "5.00"
    # What was paid in time bears none, the rest bears it from the due date: 4,000 × 9 % × 2 / 360.
    assert penalty(monday, [["R1", "2026-03-02", "6100.00"]], "2026-03-03") == "2.00"


def test_no_penalty_on_penalty_and_on_interest_only_if_compound() -> None:
    assert penalty(LATE, [], "2027-03-01") == "912.50"
    assert penalty(replace(LATE, compound=True), [], "2027-03-01") == "921.63"


def test_small_payments_add_no_rounding_to_the_penalty() -> None:
    """100.00 unpaid at 9 % of 360 is 2.5 cents a day, paid day by day: 75 cents after 30 days."""
    claim = Claim("1", date(2026, 3, 1), Decimal("0.00"), Decimal("0.00"), Decimal("100.00"))
    terms = replace(LATE, order=("penalty", "fee", "interest", "principal"))
    receipts: list[Receipt] = []
    for n in range(1, 31):
        on = date(2026, 3, 1) + timedelta(days=n)
        receipts.append(Receipt(f"R{n:02}", on, account(terms, [claim], receipts, on).owed[0].penalty))
    assert sum(r.amount for r in receipts) == Decimal("0.75")
    assert {r.amount for r in receipts} == {Decimal("0.02"), Decimal("0.03")}


def test_held_money_pays_at_the_end_of_the_due_date_after_that_days_receipts_first_in_first_out() -> None:
    terms = replace(TERMS, early=False)
    claims = claims_of([["1", "2026-02-01", "0", "10.00", "90.00"], ["2", "2026-03-01", "0", "10.00", "90.00"]])
    receipts = receipts_of([["A", "2026-01-10", "30.00"], ["B", "2026-01-11", "100.00"], ["C", "2026-02-01", "20.00"]])
    entries = journal(terms, claims, receipts)
    assert [(e.on.isoformat(), e.claim, e.part, e.receipt_no, str(e.paid)) for e in entries] == [
        ("2026-01-10", "", "excess", "A", "30.00"),
        ("2026-01-11", "", "excess", "B", "100.00"),
        ("2026-02-01", "1", "interest", "C", "10.00"),
        ("2026-02-01", "1", "principal", "C", "10.00"),
        ("2026-02-01", "1", "principal", "A", "30.00"),
        ("2026-02-01", "", "excess", "A", "-30.00"),
        ("2026-02-01", "1", "principal", "B", "50.00"),
        ("2026-02-01", "", "excess", "B", "-50.00"),
        ("2026-03-01", "2", "interest", "B", "10.00"),
        ("2026-03-01", "2", "principal", "B", "40.00"),
        ("2026-03-01", "", "excess", "B", "-50.00"),
    ]
    assert account(terms, claims, receipts, date(2026, 2, 28)).excess == Decimal("50.00")


def test_a_reversal_takes_back_what_was_paid_and_charges_what_had_not_accrued() -> None:
    receipts = receipts_of([["A", "2026-03-01", "10100.00"], ["B", "2026-03-21", "0", "A"]])
    reversal = [e for e in journal(LATE, ONE, receipts) if e.receipt_no == "B"]
    assert [(e.part, str(e.charged), str(e.paid)) for e in reversal] == [
        ("penalty", "50.00", "0.00"),
        ("interest", "0.00", "-100.00"),
        ("principal", "0.00", "-10000.00"),
    ]
    before, after = (account(LATE, ONE, receipts, date(2026, 3, n)) for n in (20, 21))
    assert (before.settled, before.days_past_due, before.overdue) == (True, 0, 0)
    assert (after.settled, after.days_past_due, str(after.overdue)) == (False, 20, "10150.00")


A = ["A", "2026-01-01", "1.00"]


@pytest.mark.parametrize(
    ("receipts", "fault"),
    [
        ([["A", "2026-01-01", "1.00"], ["B", "2026-01-02", "0", "X"]], "no receipt of this loan"),
        ([["A", "2026-01-01", "1.00"], *([n, "2026-01-02", "0", "A"] for n in "BC")], "C reverses A.*reversed already"),
        (
            [["A", "2026-01-01", "1.00"], ["B", "2026-01-02", "0", "A"], ["C", "2026-01-03", "0", "B"]],
            "reversal itself",
        ),
        ([["A", "2026-01-01", "1.00"], ["A", "2026-01-02", "1.00"]], "A is there twice"),
        ([["A", "2026-01-01", "0.00"]], "more than 0.00"),
    ],
)
def test_receipts_that_cannot_be(receipts: list[list[str]], fault: str) -> None:
    for what in (account, journal):
        with pytest.raises(ValueError, match=fault):
            what(TERMS, ONE, receipts_of(receipts), date(2026, 12, 31))


def test_claims_and_terms_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="below zero"):
        account(TERMS, [replace(ONE[0], interest=Decimal("-0.01"))], [], date(2026, 12, 31))
    with pytest.raises(ValueError, match="1 is there twice"):
        account(TERMS, ONE * 2, [], date(2026, 12, 31))
    with pytest.raises(ValueError, match="names each of"):
        replace(TERMS, order=("fee", "interest", "principal"))
    with pytest.raises(ValueError, match="not known"):
        replace(TERMS, day_count="30E/360")
