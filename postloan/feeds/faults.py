"""What is wrong with a feed, gathered until it is refused as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from postloan.book.audit import HIDDEN
from postloan.errors import FeedError

SHOWN = 100
# Named in faults and in the audit trail, but never quoted.
SECRET = frozenset({"id_no", "phone", "email", "address", "name", "owner", "legal_representative"})


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. Rows are counted as a person sees them: the header is row 1; row 0
    means the file as a whole."""

    row: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        where = [f"row {self.row}"] if self.row else []
        where += [self.column] if self.column else []
        quoted = f" {self.value!r}" if self.value else ""
        return f"{', '.join(where)}{quoted}: {self.reason}" if where else self.reason


class Faults:
    """The faults of one file: the first hundred, and how many there are."""

    def __init__(self, file_name: str) -> None:
        self.file_name = file_name
        self.first: list[Fault] = []
        self.count = 0

    def add(self, row: int, column: str, value: object, reason: str) -> None:
        self.count += 1
        if len(self.first) < SHOWN:
            shown = "" if value is None else str(value)
            if shown and column.split(" ")[0] in SECRET:
                shown = HIDDEN
            shown = shown if len(shown) <= 60 else shown[:59] + "…"
            self.first.append(Fault(row, column, shown, reason))

    def raise_if_any(self) -> None:
        if self.count:
            raise self.error()

    def error(self) -> FeedError:
        many = "1 fault" if self.count == 1 else f"{self.count} faults"
        self.first.sort(key=lambda fault: fault.row)
        return FeedError(
            f"{self.file_name} was refused ({many}), nothing was changed; first: {self.first[0]}",
            self.first,
            self.count,
        )


def refused(file_name: str, reason: str, row: int = 0, column: str = "", value: str = "") -> FeedError:
    """The refusal of a file for one reason that leaves no other to look for."""
    faults = Faults(file_name)
    faults.add(row, column, value, reason)
    return faults.error()
