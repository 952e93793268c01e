"""The columns that tables of a report are made of, and a table as such."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from postloan.reports.words import Words, shown

TEXT, COUNT, MONEY, SHARE, SCORE, DAY = "text", "count", "money", "share", "score", "day"


@dataclass(frozen=True)
class Column:
    """A column: the key of its values, its title in Chinese and English, what it holds.

    Attributes:
        alert: anything above zero is something to talk about.
    """

    key: str
    zh: str
    en: str
    kind: str = COUNT
    alert: bool = False

    @property
    def is_number(self) -> bool:
        return self.kind not in (TEXT, DAY)


@dataclass(frozen=True)
class Sheet:
    """A table with a row for each thing and, where sums make sense, a row of totals.

    A row among the others that is a total itself has `whole` set.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    titles: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    total: dict[str, Any] | None = None

    def cells(self, row: dict[str, Any]) -> list[tuple[Column, str, bool]]:
        """The cells of a row: column, text, and whether it is something to talk about."""
        return [(c, shown(row.get(c.key), c.kind), bool(c.alert and row.get(c.key))) for c in self.columns]


def sheet(
    name: str,
    title: tuple[str, str],
    columns: Sequence[Column],
    rows: Iterable[dict[str, Any]],
    words: Words,
    total: dict[str, Any] | None = None,
) -> Sheet:
    """A table in one language."""
    titles = tuple(words.pick(c.zh, c.en) for c in columns)
    return Sheet(name, words.pick(*title), tuple(columns), titles, tuple(rows), total)


def total(columns: Sequence[Column], rows: Sequence[dict[str, Any]], words: Words) -> dict[str, Any] | None:
    """The sum of every count."""
    if not rows:
        return None
    sums = {c.key: sum(row[c.key] for row in rows) for c in columns if c.kind == COUNT}
    return sums | {columns[0].key: words.pick("合计", "Total")}


CURRENCY = Column("currency", "币种", "Currency", TEXT)
BRANCH = Column("branch", "机构", "Branch", TEXT)
LOAN = Column("loan_no", "借据号", "Loan", TEXT)
BORROWER = Column("borrower", "客户", "Borrower", TEXT)
LOANS = Column("loans", "笔数", "Loans")
OUTSTANDING = Column("outstanding", "贷款余额", "Outstanding", MONEY)
OVERDUE = Column("overdue", "逾期金额", "Overdue", MONEY)
DAYS_PAST_DUE = Column("days_past_due", "逾期天数", "Days past due")
KIND = Column("kind", "种类", "Kind", TEXT)
BEFORE = Column("before", "上月末", "Month before")
OPEN = Column("open", "本月末", "Open now")
