"""WO-3, WO-4 and WO-6, as tables that a credit department can read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postloan.book import tables
from postloan.forms.workout import MEASURES, NO_MEASURE
from postloan.policy import PolicyFile
from postloan.rules.workout import (
    Alternative,
    InForce,
    Limits,
    Received,
    acceptance,
    appeal,
    came_of,
    enforcement,
    follows,
    frozen_until,
    heirs_owe,
    present_value,
    ranked,
    recovered,
    renewal,
    suit_after_preservation,
)

LIMITS = Limits(7, 30, 15, 2, 1, 2, 3, 30)


@pytest.mark.parametrize(
    ("expected", "cost", "months", "rate", "worth"),
    [
        ("100000", "0", 0, "6", "100000.00"),
        ("106000", "0", 12, "6", "100000.00"),
        ("112360", "1000", 24, "6", "99000.00"),
        ("100000", "5000", 18, "0", "95000.00"),
        ("0", "300", 6, "6", "-300.00"),  # what only costs is worth less than nothing
        ("121000", "0", 6, "21", "110000.00"),  # 1.21 to the power of a half is 1.1
    ],
)
def test_what_an_alternative_is_worth_today(expected: str, cost: str, months: int, rate: str, worth: str) -> None:
    one = Alternative(1, "litigation", Decimal(expected), Decimal(cost), months)
    assert present_value(one, Decimal(rate)) == Decimal(worth)


def test_a_quick_small_sum_may_be_better_than_a_large_late_one() -> None:
    suit = Alternative(11, "litigation", Decimal(90_000), Decimal(8_000), 24)
    sale = Alternative(12, "debt_transfer", Decimal(75_000), Decimal(500), 2)
    assert [one.measure for one, _ in ranked([suit, sale], Decimal(6))] == ["debt_transfer", "litigation"]
    assert [one.measure for one, _ in ranked([suit, sale], Decimal(0))] == ["litigation", "debt_transfer"]


def test_of_equal_worth_the_quicker_then_the_cheaper_comes_first() -> None:
    slow = Alternative(11, "collateral", Decimal(100), Decimal(0), 5)
    dear = Alternative(12, "guarantor", Decimal(110), Decimal(10), 1)
    cheap = Alternative(13, "enforcement", Decimal(100), Decimal(0), 1)
    assert [one.number for one, _ in ranked([slow, dear, cheap], Decimal(0))] == [13, 12, 11]


alternatives = st.builds(
    Alternative,
    st.integers(1, 9),
    st.sampled_from(tables.MEASURES),
    st.decimals(0, 10**9, places=2),
    st.decimals(0, 10**6, places=2),
    st.integers(0, 240),
)


@given(alternatives, st.decimals(0, 100, places=2))
def test_waiting_and_costs_never_make_an_alternative_better(one: Alternative, rate: Decimal) -> None:
    later = Alternative(one.number, one.measure, one.expected, one.cost, one.months + 1)
    dearer = Alternative(one.number, one.measure, one.expected, one.cost + 1, one.months)
    assert present_value(later, rate) <= present_value(one, rate) <= one.expected - one.cost
    assert present_value(dearer, rate) == present_value(one, rate) - 1


@given(st.lists(alternatives, max_size=6), st.decimals(0, 100, places=2))
def test_the_ranking_loses_none_and_goes_down(several: list[Alternative], rate: Decimal) -> None:
    found = ranked(several, rate)
    assert sorted(map(repr, (one for one, _ in found))) == sorted(map(repr, several))
    assert [value for _, value in found] == sorted((value for _, value in found), reverse=True)


@pytest.mark.parametrize(
    ("found", "due_on", "article"),
    [
        (acceptance(date(2026, 3, 2), 7), "2026-03-09", "126"),
        (suit_after_preservation(date(2026, 1, 31), 30), "2026-03-02", "104"),
        (appeal(date(2026, 3, 2), 15), "2026-03-17", "171"),
        (enforcement(date(2026, 3, 17), 2), "2028-03-17", "250"),
        (enforcement(date(2024, 2, 29), 2), "2026-02-28", "250"),
        (renewal(date(2027, 3, 1), 30), "2027-01-30", "485"),
    ],
)
def test_the_deadlines_of_a_suit(found, due_on: str, article: str) -> None:  # type: ignore[no-untyped-def]
    assert (str(found.due_on), article in found.article) == (due_on, True)


@pytest.mark.parametrize(
    ("kind", "until"),
    [("deposits", "2027-03-01"), ("movables", "2028-03-01"), ("real_estate", "2029-03-01")],
)
def test_how_long_assets_are_frozen_the_first_day_included(kind: str, until: str) -> None:
    assert str(frozen_until(kind, date(2026, 3, 2), LIMITS)) == until


@pytest.mark.parametrize(
    ("event", "what"),
    [
        ("filed", ["acceptance"]),
        ("judgment_served", ["appeal"]),
        ("judgment_payable", ["enforcement"]),
        ("", []),
    ],
)
def test_what_follows_an_event_of_a_suit(event: str, what: list[str]) -> None:
    assert [one.what for one in follows(event, date(2026, 3, 2), LIMITS)] == what


def test_the_policy_has_the_law(policy_file: PolicyFile) -> None:
    assert policy_file.at(date(2026, 3, 2)).workout.limits == LIMITS


@pytest.mark.parametrize(
    ("debt", "estate", "owed"), [("100", "60", "60"), ("100", "160", "100"), ("100", "0", "0"), ("100", "-5", "0")]
)
def test_heirs_answer_within_the_estate(debt: str, estate: str, owed: str) -> None:
    assert heirs_owe(Decimal(debt), Decimal(estate)) == Decimal(owed)


# -------------------------------------------------------------------------------------- recoveries

PLANS = [
    InForce("repayment_plan", date(2026, 1, 10), date(2026, 4, 1)),
    InForce("litigation", date(2026, 4, 1), date(2026, 9, 1)),
    InForce("write_off", date(2026, 9, 1), None),
]


@pytest.mark.parametrize(
    ("on", "by", "measure"),
    [
        ("2026-01-09", "", "voluntary"),  # before any plan was approved
        ("2026-01-10", "", "repayment_plan"),
        ("2026-03-31", "", "repayment_plan"),
        ("2026-04-01", "", "litigation"),  # the day on which the plan changed is the new one's
        ("2026-05-01", "collateral", "collateral"),  # known to have come of something else
        ("2026-10-01", "", "voluntary"),  # nothing comes of a write-off
    ],
)
def test_which_measure_a_receipt_came_of(on: str, by: str, measure: str) -> None:
    assert came_of(Received("R", date.fromisoformat(on), Decimal(1), by), PLANS) == measure


receipts = st.builds(
    Received,
    st.text("R123456789", min_size=1, max_size=4),
    st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    st.decimals("0.01", 10**6, places=2),
    st.sampled_from(["", "guarantor", "enforcement"]),
)
costs = st.tuples(st.sampled_from(["litigation", "collateral"]), st.decimals("0.01", 10**4, places=2))


@given(st.lists(receipts, max_size=12), st.lists(costs, max_size=6))
def test_every_cent_is_recovered_once_and_net_of_costs(came: list[Received], spent: list[tuple[str, Decimal]]) -> None:
    found = recovered(came, spent, PLANS)
    assert sum((one.received for one in found), Decimal(0)) == sum((r.amount for r in came), Decimal(0))
    assert sum((one.costs for one in found), Decimal(0)) == sum((amount for _, amount in spent), Decimal(0))
    assert all(one.net == one.received - one.costs for one in found)
    assert [one.measure for one in found] == sorted({one.measure for one in found})


def test_the_form_offers_every_measure_that_a_plan_may_take() -> None:
    assert set(MEASURES.values()) | {"voluntary"} == set(tables.MEASURES)
    assert NO_MEASURE not in MEASURES
