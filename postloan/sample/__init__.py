"""A sample loan book for the demo and the tests: seeded, with the shape of real ones, and nobody's.

Names and addresses come from Faker; telephone numbers, e-mail addresses and identity numbers
cannot exist (numbers without an operator, example.test, a wrong check digit).
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from faker import Faker

CENT = Decimal("0.01")
RATINGS = (("AAA", 4), ("AA", 14), ("A+", 22), ("A", 26), ("BBB", 18), ("BB", 11), ("B", 5))
BRANCHES = (("B01", "城关支行"), ("B02", "河东支行"), ("B03", "西山支行"))
PURPOSES = ("购进原材料", "流动资金周转", "购置设备", "扩建厂房", "种植养殖", "装修住房", "购车", "教育支出")
# Drawn this many days before today: first inspections coming due, then two that are late.
FRESH = (1, 3, 6, 9, 12, 14, 18, 22)


def write(folder: Path, *, today: date, borrowers: int = 60, seed: int = 20260101) -> list[Path]:
    """Write the feeds of a sample book as CSV files with canonical headers; gives their paths.

    The same seed and day give the same bytes. One borrower in fifteen pays late.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    fake = Faker("zh_CN")
    fake.seed_instance(seed)
    staff = list(_staff(fake))
    officers = [row for row in staff if row["roles"] == "account_officer"]
    book = _Book(rng, fake, today, officers)
    for number in range(1, borrowers + 1):
        book.add(number)
    book.add_circle()
    book.add_maturing(borrowers)
    tables = {"branches": [{"branch_no": no, "name": name} for no, name in BRANCHES], "staff": staff, **book.tables}
    return [_write(folder / f"{kind}.csv", rows) for kind, rows in tables.items()]


def _write(file: Path, rows: list[dict[str, object]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file


def _staff(fake: Faker) -> Iterable[dict[str, object]]:
    """Two officers and a supervisor per branch; the rest at head office."""
    posts: list[tuple[str, str, str]] = []
    for branch, _ in BRANCHES:
        first = len(posts) + 1
        posts += [
            ("account_officer", branch, f"S{first + 1:03d}"),
            ("account_officer", branch, f"S{first:03d}"),
            ("credit_supervisor", branch, ""),
        ]
    head_office = ("risk_control", "risk_control", "credit_administration", "archivist", "operations", "supervision",
                   "collector", "collection_head", "general_manager", "finance", "finance", "risk_committee",
                  "risk_secretary", "legal", "board")  # fmt: skip
    posts += [(role, "", "") for role in head_office]
    for number, (role, branch, deputy) in enumerate(posts, 1):
        yield {
            "staff_no": f"S{number:03d}",
            "name": fake.name(),
            "roles": role,
            "branch": branch,
            "email": f"s{number:03d}@bank.example.test",
            "phone": "",
            "deputy": deputy,
        }


class _Book:
    """The tables of the sample as they grow."""

    def __init__(self, rng: random.Random, fake: Faker, today: date, officers: list[dict[str, object]]) -> None:
        self.rng, self.fake, self.today, self.officers = rng, fake, today, officers
        kinds = ("borrowers", "loans", "drawdowns", "instalments", "repayments", "collaterals", "guarantees",
                 "ratings", "signals", "partners", "relations", "payments", "work_log", "consignors",
                 "charges")  # fmt: skip
        self.tables: dict[str, list[dict[str, object]]] = {kind: [] for kind in kinds}

    def add(self, number: int) -> None:
        """One borrower with one loan."""
        rng, loan_no = self.rng, f"L{number:06d}"
        borrower = self._borrower(number)
        ago = FRESH[number - 1] if number <= len(FRESH) else rng.randint(40, 1000)
        term = rng.choice((6, 12, 12, 24, 36, 36, 60))
        if ago > term * 28:  # still running
            term = rng.choice((36, 60))
        drawn = self.today - timedelta(days=ago)
        principal = Decimal(rng.randint(3, 200) * (50_000 if borrower["kind"] == "corporate" else 5_000))
        rate = Decimal(rng.randint(345, 980)) / 100
        bullet = term <= 12
        security = rng.choices(("credit", "guaranteed", "mortgaged", "pledged"), (30, 35, 30, 5))[0]
        officer = self.officers[number % len(self.officers)]
        matures = _months(drawn, term)
        self.tables["loans"].append(
            {
                "loan_no": loan_no,
                "borrower_no": borrower["borrower_no"],
                "principal": f"{principal:.2f}",
                "annual_rate": f"{rate}",
                "disbursed_on": drawn,
                "matures_on": matures,
                "first_drawdown_on": drawn,
                "product": "经营贷款" if borrower["kind"] != "personal" else "消费贷款",
                "currency": "CNY",
                "day_count": "actual/360",
                "repayment": "bullet" if bullet else "equal_instalment",
                "security": security,
                # Some loans have no officer of their own: the least-loaded of the branch gets them.
                "officer": officer["staff_no"] if number % 4 else "",
                "branch": officer["branch"],
                "purpose": rng.choice(PURPOSES),
                "high_risk": "true" if rng.random() < 0.05 else "false",
                "penalty_surcharge": "50",
                "consignor": "",
                "found_by": "",
                "base_rate": "",
            }
        )
        self.tables["drawdowns"].append(
            {"loan_no": loan_no, "number": 1, "drawn_on": drawn, "amount": f"{principal:.2f}"}
        )
        schedule = _bullet(principal, rate, drawn, matures) if bullet else _annuity(principal, rate, drawn, term)
        self._payments(number, loan_no, schedule)
        self._security(number, loan_no, security, principal, drawn)
        if borrower["kind"] != "personal" and ago < 12:
            self._payment(number, loan_no, principal, drawn)
        if borrower["kind"] != "personal" and number % 3:
            self._visit(number, borrower, loan_no, officer)

    def add_circle(self) -> None:
        """Three borrowers who guarantee for each other in a circle, a couple, and a guarantee company."""
        loans = self.tables["loans"]
        for debtor, guarantor in ((8, 9), (9, 10), (10, 8)):
            name = self.tables["borrowers"][guarantor]["name"]
            self.tables["guarantees"].append(
                {
                    "guarantor_no": loans[guarantor]["borrower_no"],
                    "name": name,
                    "loan_no": loans[debtor]["loan_no"],
                    "kind": "joint",
                    "phone": self.tables["borrowers"][guarantor]["phone"],
                }
            )
        self.tables["relations"].append(
            {"borrower_no": loans[3]["borrower_no"], "other_no": loans[4]["borrower_no"], "kind": "family"}
        )
        self.tables["partners"].append(
            {
                "partner_no": "PT001",
                "name": "示范融资担保有限公司",
                "kind": "担保公司",
                "as_of": self.today - timedelta(days=1),
                "outstanding": "52000000.00",
                "non_performing": "1100000.00",
                "compensated": "3380000.00",
            }
        )

    def add_maturing(self, after: int) -> None:
        """Loans that fall due soon: one to extend, one whose collateral secures another, one guaranteed, and an
        entrusted one; and an advance that was paid for a borrower."""
        for number, (days, security, entrusted) in enumerate(
            ((30, "mortgaged", False), (95, "mortgaged", False), (10, "guaranteed", False), (25, "credit", True)),
            start=after + 1,
        ):
            self._maturing(number, self.today + timedelta(days=days), security, entrusted)
        self.tables["collaterals"][-1]["secures"] = f"L{after + 1:06d};L{after + 2:06d}"
        del self.tables["collaterals"][-2]
        self.tables["consignors"].append(
            {"consignor_no": "W001", "name": self.fake.company(), "phone": "10020000001", "email": "w001@example.test"}
        )
        self.tables["charges"].append(
            {
                "charge_no": "D000001",
                "loan_no": f"L{after + 1:06d}",
                "kind": "垫款",
                "charged_on": self.today - timedelta(days=4),
                "due_on": self.today + timedelta(days=26),
                "amount": "860.00",
                "detail": "代垫抵押物保险费",
            }
        )

    def _maturing(self, number: int, matures: date, security: str, entrusted: bool) -> None:
        borrower, loan_no = self._borrower(number), f"L{number:06d}"
        drawn, principal, rate = _months(matures, -6), Decimal(200_000), Decimal("5.40")
        officer = self.officers[number % len(self.officers)]
        self.tables["loans"].append(
            self.tables["loans"][0]
            | {
                "loan_no": loan_no,
                "borrower_no": borrower["borrower_no"],
                "principal": f"{principal:.2f}",
                "annual_rate": f"{rate}",
                "disbursed_on": drawn,
                "matures_on": matures,
                "first_drawdown_on": drawn,
                "product": "委托贷款" if entrusted else "经营贷款",
                "repayment": "bullet",
                "security": security,
                "officer": officer["staff_no"],
                "branch": officer["branch"],
                "high_risk": "false",
                "consignor": "W001" if entrusted else "",
                "found_by": "consignor" if entrusted else "",
                "base_rate": "3.00" if entrusted else "",
            }
        )
        self.tables["drawdowns"].append(
            {"loan_no": loan_no, "number": 1, "drawn_on": drawn, "amount": f"{principal:.2f}"}
        )
        self._payments(number, loan_no, _bullet(principal, rate, drawn, matures))
        self._security(number, loan_no, security, principal, drawn)

    def _payment(self, number: int, loan_no: str, principal: Decimal, drawn: date) -> None:
        self.tables["payments"].append(
            {
                "payment_no": f"P{number:06d}",
                "loan_no": loan_no,
                "requested_on": max(drawn, self.today - timedelta(days=2)),
                "amount": f"{principal / 2:.2f}",
                "payee": self.fake.company(),
                "purpose": self.tables["loans"][-1]["purpose"],
                "kind": "payment",
                "evidence": f"购销合同{number:04d}",
            }
        )

    def _visit(self, number: int, borrower: dict[str, object], loan_no: str, officer: dict[str, object]) -> None:
        self.tables["work_log"].append(
            {
                "entry_no": f"W{number:06d}",
                "borrower_no": borrower["borrower_no"],
                "loan_no": loan_no,
                "staff_no": officer["staff_no"],
                "activity": "on_site",
                "acted_on": self.today - timedelta(days=1),
                "entered_on": self.today,
                "content": "走访经营场所, 生产正常, 订单较上月略增。",
            }
        )

    def _borrower(self, number: int) -> dict[str, object]:
        rng, fake = self.rng, self.fake
        kind = rng.choices(("personal", "small_enterprise", "corporate"), (55, 33, 12))[0]
        rating = rng.choices([r for r, _ in RATINGS], [w for _, w in RATINGS])[0]
        row: dict[str, object] = {
            "borrower_no": f"C{number:06d}",
            "name": fake.name() if kind == "personal" else fake.company(),
            "kind": kind,
            "id_no": _false_id(rng) if kind == "personal" else "",
            "phone": f"1000{number:07d}",
            "email": f"c{number:06d}@example.test" if rng.random() < 0.5 else "",
            "rating": rating,
            "branch": self.officers[number % len(self.officers)]["branch"],
            "language": "zh",
            "address": fake.address().replace("\n", " "),
        }
        self.tables["borrowers"].append(row)
        rated_on = self.today - timedelta(days=rng.randint(1, 300))
        self.tables["ratings"].append({"borrower_no": row["borrower_no"], "rating": rating, "rated_on": rated_on})
        return row

    def _payments(self, number: int, loan_no: str, schedule: list[tuple[date, Decimal, Decimal]]) -> None:
        rng = self.rng
        late_by = rng.choice((12, 25, 45, 75, 130)) if number > len(FRESH) and number % 15 == 0 else 0
        for index, (due_on, principal, interest) in enumerate(schedule, 1):
            self.tables["instalments"].append(
                {
                    "loan_no": loan_no,
                    "number": index,
                    "due_on": due_on,
                    "principal_due": f"{principal:.2f}",
                    "interest_due": f"{interest:.2f}",
                    "fee_due": "0.00",
                }
            )
            if due_on <= self.today - timedelta(days=late_by):
                paid_on = due_on - timedelta(days=rng.randint(0, 3))
                self.tables["repayments"].append(
                    {
                        "receipt_no": f"R{loan_no[1:]}{index:03d}",
                        "loan_no": loan_no,
                        "paid_on": paid_on,
                        "amount": f"{principal + interest:.2f}",
                        "channel": "转账",
                    }
                )
        if late_by >= 75:
            self.tables["signals"].append(
                {
                    "loan_no": loan_no,
                    "kind": "财务恶化 finances deteriorating",
                    "seen_on": self.today - timedelta(days=30),
                    "detail": "连续未足额还款",
                    "source": "sample",
                }
            )

    def _security(self, number: int, loan_no: str, security: str, principal: Decimal, drawn: date) -> None:
        if security == "guaranteed":
            self.tables["guarantees"].append(
                {
                    "guarantor_no": f"G{number:06d}",
                    "name": self.fake.name(),
                    "loan_no": loan_no,
                    "kind": "joint",
                    "phone": f"1001{number:07d}",
                }
            )
        elif security in ("mortgaged", "pledged"):
            self.tables["collaterals"].append(
                {
                    "collateral_no": f"K{number:06d}",
                    "kind": "房产" if security == "mortgaged" else "存单",
                    "owner": self.fake.name(),
                    "value": f"{principal * Decimal('1.6'):.2f}",
                    "valued_on": drawn,
                    "secures": loan_no,
                    "title_document": f"权证{number:06d}",
                }
            )


def _months(day: date, months: int) -> date:
    """The same day of the month, `months` later, or that month's last day."""
    year, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(day.year + year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def _bullet(principal: Decimal, rate: Decimal, drawn: date, matures: date) -> list[tuple[date, Decimal, Decimal]]:
    """Principal and interest (actual/360) at maturity."""
    return [(matures, principal, _cents(principal * rate / 100 * (matures - drawn).days / 360))]


def _annuity(principal: Decimal, rate: Decimal, drawn: date, term: int) -> list[tuple[date, Decimal, Decimal]]:
    """Equal instalments; the last one takes what rounding left."""
    monthly = rate / 1200
    instalment = _cents(principal * monthly / (1 - (1 + monthly) ** -term))
    left, schedule = principal, []
    for number in range(1, term + 1):
        interest = _cents(left * monthly)
        part = left if number == term else instalment - interest
        left -= part
        schedule.append((_months(drawn, number), part, interest))
    return schedule


def _false_id(rng: random.Random) -> str:
    """Eighteen digits whose check digit is wrong on purpose."""
    digits = "990000" + f"{rng.randint(1955, 2003)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
    digits += f"{rng.randint(0, 999):03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    right = "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11]
    return digits + next(c for c in "0123456789" if c != right)
