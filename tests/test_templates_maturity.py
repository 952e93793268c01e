"""The templates of maturity, extension and settlement render with exactly the values that they are promised."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from postloan.book.notices import Recipient
from postloan.book.tables import Borrower, Case, Loan
from postloan.errors import PostloanError
from postloan.rendering import Renderer
from tests.conftest import ROOT

LANGUAGES = ("zh", "en")
RENDERER = Renderer(ROOT / "templates")
REFUSED = (PostloanError, TypeError)  # the money filter refuses without the name of what is missing
NOTICE = {
    "recipient": Recipient("borrower", "B1", "王小明", "zh", "w@example.com", "13900000001"),
    "institution": "示范银行",
    "loan_no": "L2026001",
    "case_no": "MAT-7",
    "about": "借据 L2026001",
}
REPORT = {
    "title": "一份文件",
    "institution": "示范银行",
    "case": Case(case_no="MAT-7", kind="maturity", due_on=date(2026, 7, 31), anchor_on=date(2026, 7, 31), rule="MAT-1"),
    "loan": Loan(
        loan_no="L2026001",
        principal=Decimal("500000.00"),
        disbursed_on=date(2026, 1, 31),
        matures_on=date(2026, 7, 31),
        purpose="采购 <钢材>",
        consignor="丙基金",
    ),
    "borrower": Borrower(borrower_no="B1", name="甲 & 乙有限公司", kind="company"),
    "signatures": [
        {"duty": "check", "name": "赵六", "staff_no": "F1", "on_behalf_of": "", "at": datetime(2026, 8, 3, 9, 30)},
        {"duty": "approve", "name": "钱七", "staff_no": "H1", "on_behalf_of": "H2", "at": datetime(2026, 8, 4, 10, 0)},
    ],
}

# What each notice is given, beyond what all of them are, and what it must say in either language.
NOTICES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "instalment_reminder": (
        {"due_on": date(2026, 3, 31), "amount": Decimal("12345.60"), "currency": "CNY"},
        ("王小明", "L2026001", "2026-03-31", "12,345.60", "CNY"),
    ),
    "repayment_notice": (
        {
            "matures_on": date(2026, 7, 31),
            "amount": Decimal("512345.60"),
            "currency": "CNY",
            "apply_until": date(2026, 7, 1),
            "as_party": "borrower",
        },
        ("王小明", "L2026001", "2026-07-31", "512,345.60", "CNY", "2026-07-01"),
    ),
    "extension_refused": (
        {"reason": "还款来源未落实", "matures_on": date(2026, 7, 31)},
        ("L2026001", "还款来源未落实", "2026-07-31"),
    ),
    "extension_approved": (
        {"until": date(2027, 1, 31), "annual_rate": Decimal("4.350000")},
        ("L2026001", "2027-01-31", "4.35%"),
    ),
    "settlement_certificate": ({"settled_on": date(2026, 7, 30), "titles": True}, ("L2026001", "2026-07-30")),
    "call_list": (
        {"day": date(2026, 8, 3), "count": 2, "list": [("L2026001", 1), ("L2026002", 34)]},
        ("2026-08-03", "L2026001", "L2026002", "34"),
    ),
}
PLAN = [
    (1, date(2026, 4, 30), Decimal("0.00"), Decimal("5000.00")),
    (2, date(2026, 7, 31), Decimal("500000.00"), Decimal("5100.00")),
]
REPORTS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "repayment_notice": (
        {
            "amounts": [("本金", Decimal("500000.00")), ("利息", Decimal("5100.50"))],
            "total": Decimal("505100.50"),
            "pay_by": date(2026, 7, 30),
            "apply_until": date(2026, 7, 1),
            "parties": ["保证人 张三", "委托人 丙基金"],
        },
        ("5,100.50", "505,100.50", "2026-07-31", "2026-07-30", "2026-07-01", "保证人 张三", "委托人 丙基金", "✂"),
    ),
    "extension_contract": (
        {
            "variant_title": "展期",
            "until": date(2027, 1, 31),
            "annual_rate": Decimal("4.900000"),
            "principal": Decimal("500000.00"),
            "parties": [("保证人", "张三"), ("抵押人", "李四"), ("委托人", "丙基金")],
            "before": PLAN,
            "after": [(3, date(2027, 1, 31), Decimal("500000.00"), Decimal("12522.22"))],
            "conditions": "先付清欠息\n追加保证人",
            "contract_no": "ZQ-2026-001",
        },
        (
            "ZQ-2026-001",
            "展期",
            "2026-07-31",
            "2027-01-31",
            "4.9%",
            "张三",
            "李四",
            "丙基金",
            "10,100.00",
            "追加保证人",
        ),
    ),
    "settlement_statement": (
        {
            "settled_on": date(2026, 7, 30),
            "received": [("本金", Decimal("500000.00")), ("利息", Decimal("10100.00"))],
            "receipts": [
                (date(2026, 4, 30), "R1", *(Decimal(part) for part in ("5000.00", "0", "0", "5000.00", "0"))),
                (date(2026, 7, 30), "R2", *(Decimal(part) for part in ("505200.00", "0", "0", "5100.00", "500000"))),
            ],
            "overpaid": Decimal("100.00"),
            "entrusted": [("手续费", Decimal("5000.00")), ("代扣税费", Decimal("565.60"))],
        },
        ("2026-07-30", "510,100.00", "510,200.00", "R1", "R2", "100.00", "565.60", "丙基金", "赵六", "H2"),
    ),
    "settlement_certificate": ({"settled_on": date(2026, 7, 30)}, ("2026-07-30", "500,000.00")),
}


def notice(kind: str, language: str, **change: Any) -> str:
    message = RENDERER.message(kind, language, **(NOTICE | NOTICES[kind][0] | change))
    assert message.title
    assert "\n" not in message.title
    return f"{message.title}\n{message.body}"


def report(kind: str, language: str, **change: Any) -> str:
    return RENDERER.text(f"reports/{language}/{kind}.html", **(REPORT | REPORTS[kind][0] | change))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NOTICES)
def test_a_notice_says_what_it_must(kind: str, language: str) -> None:
    text = notice(kind, language)
    assert [wanted for wanted in NOTICES[kind][1] if wanted not in text] == []
    assert "示范银行" in text
    assert "None" not in text
    assert "\n\n\n" not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind in NOTICES for value in NOTICES[kind][0]])
def test_a_notice_uses_every_value_it_is_given(kind: str, value: str, language: str) -> None:
    values = {name: given for name, given in (NOTICE | NOTICES[kind][0]).items() if name != value}
    with pytest.raises(REFUSED, match=f"{value}|StrictUndefined"):
        RENDERER.message(kind, language, **values)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_message_is_one_paragraph(language: str) -> None:
    for kind in NOTICES:
        body = notice(kind, language).partition("\n")[2]
        assert ("\n" in body) == (kind == "call_list"), kind
    assert len(notice("instalment_reminder", "zh")) < 140


@pytest.mark.parametrize(
    ("party", "zh", "en"),
    [
        ("borrower", "您在我行的贷款", "your loan L2026001"),
        ("guarantor", "由您提供担保的贷款", "that you guarantee"),
        ("consignor", "您委托我行发放的贷款", "that you entrusted to us"),
    ],
)
def test_each_party_is_told_of_the_loan_in_its_own_words(party: str, zh: str, en: str) -> None:
    for language, wanted in (("zh", zh), ("en", en)):
        open_still = notice("repayment_notice", language, as_party=party)
        assert wanted in open_still
        assert "2026-07-01" in open_still
        past = notice("repayment_notice", language, as_party=party, apply_until=None)
        assert wanted in past
        assert not any(word in past for word in ("展期", "extension", "None")), "too late to apply: not mentioned"


def test_documents_of_title_are_mentioned_where_there_are_some() -> None:
    for language, wanted in (("zh", "权证"), ("en", "documents of title")):
        assert wanted in notice("settlement_certificate", language)
        assert wanted not in notice("settlement_certificate", language, titles=False)


def test_the_call_list_has_the_hours_and_the_courtesy_of_the_law() -> None:
    zh, en = notice("call_list", "zh"), notice("call_list", "en")
    assert all(wanted in zh for wanted in ("8:00 至 22:00", "第三人", "威胁", "三次", "34 天"))
    assert all(
        wanted in en for wanted in ("08:00 and 21:00", "debtor only", "no threats", "1 day past", "34 days past")
    )
    assert "1 loan not paid" in notice("call_list", "en", count=1, list=[("L1", 1)])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", REPORTS)
def test_a_paper_says_what_it_must_and_prints(kind: str, language: str) -> None:
    html = report(kind, language)
    assert [wanted for wanted in REPORTS[kind][1] if wanted not in html] == []
    assert all(wanted in html for wanted in ("一份文件", "示范银行", "L2026001", "甲 &amp; 乙有限公司", "MAT-7"))
    assert "None" not in html
    assert "<钢材>" not in html
    assert RENDERER.pdf(html).startswith(b"%PDF")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind in REPORTS for value in REPORTS[kind][0]])
def test_a_paper_uses_every_value_it_is_given(kind: str, value: str, language: str) -> None:
    values = {name: given for name, given in (REPORT | REPORTS[kind][0]).items() if name != value}
    with pytest.raises(REFUSED, match=f"{value}|StrictUndefined"):
        RENDERER.text(f"reports/{language}/{kind}.html", **values)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_does_not_apply_is_not_printed(language: str) -> None:
    late = report("repayment_notice", language, apply_until=None, parties=[])
    assert not any(word in late for word in ("展期", "extension", "抄送", "Copies"))
    assert "赵六" not in late, "what goes to the borrower has no signatures of the staff"
    assert "赵六" not in report("settlement_certificate", language)
    plain = report("settlement_statement", language, entrusted=None, overpaid=Decimal("0.00"))
    assert not any(word in plain for word in ("委托", "onsignor", "多收", "Overpaid", "丙基金"))


@pytest.mark.parametrize(("language", "places"), [("zh", "(签字或盖章)"), ("en", "(signature or seal)")])
def test_everybody_has_a_place_to_sign_the_extension(language: str, places: str) -> None:
    assert report("extension_contract", language).count(places) == 5
    alone = report("extension_contract", language, parties=[], before=[], after=[], conditions="")
    assert alone.count(places) == 2
    assert "2026-07-31" in alone, "without a schedule the loan says when it was to mature"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_contract_keeps_the_maturity_that_was(language: str) -> None:
    moved = Loan(**(REPORT["loan"].model_dump() | {"matures_on": date(2027, 1, 31)}))
    assert report("extension_contract", language, loan=moved) == report("extension_contract", language)
