"""How a cell becomes a value, and why not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postloan.feeds import KINDS
from postloan.feeds import values as v
from postloan.feeds.kinds import GUARANTEE_KIND, REPAYMENT, SECURITY, header_key


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", "0.00"),
        ("-0.00", "0.00"),
        ("1234.5", "1234.50"),
        ("+7.05", "7.05"),
        ("1,000.00", "1000.00"),
        ("12,345,678", "12345678.00"),
        ("１２３．４５", "123.45"),
        ("999999999999999.99", "999999999999999.99"),
    ],
)
def test_money_that_is_understood(text: str, amount: str) -> None:
    assert v.money()(text) == Decimal(amount)
    assert str(v.money()(text)) == amount


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1.005", "more than 2 decimal places"),
        ("1.2E3", "not a plain decimal"),
        ("1e16", "not a plain decimal"),
        ("NaN", "not a plain decimal"),
        ("Infinity", "not a plain decimal"),
        ("-1.00", "negative"),
        ("1,000", "ambiguous"),
        ("1.000,00", "not a plain decimal"),
        ("1000,50", "not a plain decimal"),
        ("1,00,000.00", "not a plain decimal"),
        ("=1+1", "not a plain decimal"),
        ("0x10", "not a plain decimal"),
        ("٣", "not a plain decimal"),
        ("￥5", "not a plain decimal"),
        ("1000000000000000", "more than 15 digits"),
        ("9" * 60, "more than 15 digits"),
        ("0.30000000000000004", "more than 2 decimal places"),
    ],
)
def test_money_that_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        v.money()(text)


@given(st.decimals(min_value=0, max_value=10**14, places=2))
def test_money_keeps_every_cent(amount: Decimal) -> None:
    assert v.money()(str(amount)) == amount


@pytest.mark.parametrize(
    "text",
    ["2026-01-31", "2026/1/31", "2026.1.31", "20260131", "2026年1月31日", "2026-01-31 00:00:00", "２０２６-01-31"],
)
def test_days_with_the_year_first(text: str) -> None:
    assert v.day(text) == date(2026, 1, 31)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-02-30", "does not exist"),
        ("2025-02-29", "does not exist"),
        ("31/01/2026", "not a date"),
        ("01/02/2026", "not a date"),
        ("2026-01/31", "not a date"),
        ("2026-01-31 10:30:00", "not a date"),
        ("45000", "not a date"),
        ("9999-12-31", "between 1900 and 2199"),
        ("0001-01-01", "between 1900 and 2199"),
    ],
)
def test_days_that_are_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        v.day(text)


def test_words_in_chinese() -> None:
    assert REPAYMENT("等额本息") == "equal_instalment"
    assert REPAYMENT("Equal Principal") == "equal_principal"
    assert SECURITY("抵押") == "mortgaged"
    assert GUARANTEE_KIND("连带责任保证") == "joint"
    roles = v.several(v.role)("客户经理、监察； legal")
    assert roles == ("account_officer", "legal", "supervision")
    with pytest.raises(ValueError, match="is account_officer meant"):
        v.role("acount_officer")
    assert [v.language(text) for text in ("zh-CN", "中文", "English")] == ["zh", "zh", "en"]
    with pytest.raises(ValueError, match="none of zh, en"):
        v.language("Klingon")
    with pytest.raises(ValueError, match="not a role"):
        v.role("门卫")
    assert v.currency("人民币") == "CNY"
    assert v.yes_no("是") is True


def test_a_rate_that_a_sheet_may_have_stored_as_a_fraction() -> None:
    assert v.rate("4.35%") == Decimal("4.35")
    assert v.fraction(v.rate)("0.0435") == Decimal("4.35")
    for text in ("4.35", "0.35%", "0.35％", "0"):
        assert v.in_sheet(v.rate, "annual_rate")(text) == v.rate(text)
    with pytest.raises(ValueError, match=r'4.35 % is stored as 0.0435.* base_rate = "fraction".*below 0.5 percent'):
        v.in_sheet(v.rate, "base_rate")("0.0435")


def test_a_surcharge_that_a_sheet_may_have_stored_as_a_fraction() -> None:
    assert v.surcharge("50%") == v.surcharge("50") == v.fraction(v.surcharge)("0.5") == 50
    read = v.in_sheet(v.surcharge, "penalty_surcharge")
    for text in ("30", "50", "150", "3", "0", "0.5%"):
        assert read(text) == v.surcharge(text)
    for text in ("0.3", "0.5", "1", "1.0", "1.5", "2"):
        with pytest.raises(ValueError, match=r'50 % is stored as 0.5.* penalty_surcharge = "fraction".* 3 percent'):
            read(text)
    for wrong in (v.surcharge, read, v.fraction(v.surcharge)):
        with pytest.raises(ValueError, match="surcharge between 0 and 1000"):
            wrong("1000.5")


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_no_header_means_two_columns_of_one_kind(kind) -> None:
    keys = [key for column in kind.columns for key in {header_key(h) for h in column.headers}]
    assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize(
    ("header", "same"),
    [("Loan No", "loan_no"), ("ＬＯＡＮ＿ＮＯ", "loan_no"), ("贷款金额（元）", "贷款金额"), ("年利率 (%)", "年利率")],
)
def test_headers_that_are_the_same(header: str, same: str) -> None:
    assert header_key(header) == header_key(same)


def test_a_unit_that_changes_the_amount_is_another_header() -> None:
    assert header_key("贷款金额(万元)") != header_key("贷款金额")
