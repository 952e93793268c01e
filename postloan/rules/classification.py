"""Risk classification in five categories (风险五级分类): CLS-1, CLS-2, SIG-3."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from postloan.calendar import months_after

CLASSES = ("normal", "special_mention", "substandard", "doubtful", "loss")
TITLES = {
    "normal": "正常",
    "special_mention": "关注",
    "substandard": "次级",
    "doubtful": "可疑",
    "loss": "损失",
}
CUSTOMER_CLASSES = ("normal", "potential_risk", "non_performing")


def rank(risk_class: str) -> int:
    """0 for normal to 4 for loss."""
    return CLASSES.index(risk_class)


def worse(one: str, other: str) -> str:
    """The worse of two categories."""
    return max(one, other, key=rank)


@dataclass(frozen=True)
class Thresholds:
    """CLS-1: a loan that is more than so many days past due is at least of the category.

    Attributes:
        special_mention: usually 0: any day past due.
    """

    special_mention: int
    substandard: int
    doubtful: int
    loss: int


@dataclass(frozen=True)
class Facts:
    """What the rule looks at, on one day.

    Attributes:
        days_past_due: calendar days.
        non_performing_elsewhere: share of the debtor's debts to the bank that is non-performing,
            0 to 1; None for retail debtors, to whom the rule does not apply.
        restructured_on: day of the latest restructuring or refinancing, or None.
        relapsed: within the observation period the loan became past due again.
        serious_signal: a signal is open that the policy counts as serious.
    """

    days_past_due: int
    non_performing_elsewhere: float | None = None
    restructured_on: date | None = None
    relapsed: bool = False
    serious_signal: bool = False


@dataclass(frozen=True)
class Best:
    """The best category that the rules allow, and why."""

    risk_class: str
    why: str


def by_days(days: int, limits: Thresholds) -> str:
    """CLS-1: the best category that the days past due alone allow."""
    found = "normal"
    for name in CLASSES[1:]:
        if days > getattr(limits, name):
            found = name
    return found


def best_allowed(
    facts: Facts, as_of: date, limits: Thresholds, *, contagion_share: float, observation_months: int
) -> Best:
    """CLS-1: the best category that the rules allow; a better one needs the authority's approval.

    Args:
        contagion_share: a non-retail debtor with more than this share of its debts at the bank
            non-performing is at least substandard in all.
        observation_months: how long a restructured loan is observed; until then at least special
            mention, and at least substandard if it fell past due again.
    """
    found = Best(by_days(facts.days_past_due, limits), f"{facts.days_past_due} days past due")

    def at_least(risk_class: str, why: str) -> None:
        nonlocal found
        if rank(risk_class) > rank(found.risk_class):
            found = Best(risk_class, why)

    if facts.serious_signal:
        at_least("special_mention", "a serious warning signal is open")
    if facts.restructured_on is not None and as_of < months_after(facts.restructured_on, observation_months):
        at_least("special_mention", f"restructured on {facts.restructured_on}, under observation")
        if facts.relapsed:
            at_least("substandard", f"past due again after the restructuring on {facts.restructured_on}")
    if facts.non_performing_elsewhere is not None and facts.non_performing_elsewhere > contagion_share:
        at_least("substandard", f"{facts.non_performing_elsewhere:.0%} of the debtor's debts are non-performing")
    return found


def customer_class(risk_class: str, *, open_signal: bool) -> str:
    """SIG-3: normal, potential_risk (special mention, or a signal is open) or non_performing."""
    if rank(risk_class) >= rank("substandard"):
        return "non_performing"
    return "potential_risk" if open_signal or risk_class != "normal" else "normal"


def proposal_faults(proposed: str, best: Best, *, reason: str) -> list[str]:
    """CLS-2: what keeps a proposal from being taken: a change against the rule needs words."""
    if proposed != best.risk_class and len(reason.strip()) < 5:
        return [
            f"规则给出 {TITLES[best.risk_class]} ({best.why}), 建议不同须说明理由 "
            f"(the rule says {best.risk_class}: give the reasons for {proposed})"
        ]
    return []


def needs_authority(proposed: str, best: Best) -> bool:
    """CLS-2: a better category than the rule gives is refused without the authority's approval."""
    return rank(proposed) < rank(best.risk_class)
