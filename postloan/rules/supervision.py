"""Head office's own inspections of branches (上级行检查): what is drawn, and what was found (SUP-1)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Candidate:
    """A running loan of the branch; `risky` if it is past due, has an open signal or is not normal."""

    loan_no: str
    risky: bool


def sample(
    candidates: Sequence[Candidate], *, share: Decimal, at_least: int, at_most: int, seed: int, case_no: str
) -> list[str]:
    """SUP-1: the loans to inspect, sorted; half of them, as far as there are, from the risky ones.

    The same loans, seed and case give the same sample, on any machine, so that it can be drawn again.

    Args:
        share: of the branch's running loans, rounded up.
        at_least, at_most: bounds of the size; never more than there are.
    """
    exact = share * len(candidates)
    size = int(exact) + (exact != int(exact))
    size = min(max(size, at_least), at_most, len(candidates))
    dice = random.Random(f"{seed}:{case_no}")
    risky = sorted(c.loan_no for c in candidates if c.risky)
    drawn = dice.sample(risky, min(len(risky), (size + 1) // 2))
    others = sorted({c.loan_no for c in candidates} - set(drawn))
    return sorted([*drawn, *dice.sample(others, size - len(drawn))])


@dataclass(frozen=True)
class Found:
    """One finding: the loan that it is about ("" for the branch as a whole), and what was found."""

    loan_no: str
    content: str


def findings(text: str, sampled: Sequence[str]) -> tuple[list[Found], list[str]]:
    """The findings of a text, one a line, "loan number: what was found"; and what is wrong with it.

    A line without the number of a sampled loan in front is about the branch as a whole.
    """
    found, faults = [], []
    for number, line in enumerate((line.strip() for line in text.splitlines()), start=1):
        if not line:
            continue
        head, _, rest = line.replace("：", ":", 1).partition(":")
        loan_no = head.strip() if head.strip() in sampled else ""
        content = (rest if loan_no else line).strip()
        if len(content) < 2:
            faults.append(f"第 {number} 行没有内容 (line {number} says nothing)")
        found.append(Found(loan_no, content))
    return found, faults
