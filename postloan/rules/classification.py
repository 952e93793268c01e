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
NON_PERFORMING = ("substandard", "doubtful", "loss")
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
        non_performing_share: share of the debtor's debts to the bank that is non-performing, 0 to 1,
            not counting what is so by this very rule; None for retail debtors, whom it does not concern.
        restructured_on: day of the latest restructuring or refinancing, or None.
        relapsed_on: the latest day since then on which the loan was past due, or None.
        serious_signal: a signal is open that the policy counts as serious.
    """

    days_past_due: int
    non_performing_share: float | None = None
    restructured_on: date | None = None
    relapsed_on: date | None = None
    serious_signal: bool = False


@dataclass(frozen=True)
class Best:
    """The best category that the rules allow, and why; `cause` is days, signal, observation, relapse or
    contagion."""

    risk_class: str
    why: str
    cause: str = "days"


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
            mention. If it fell past due again, at least substandard, and a new observation begins.
    """
    found = Best(by_days(facts.days_past_due, limits), f"{facts.days_past_due} days past due")

    def at_least(risk_class: str, why: str, cause: str) -> None:
        nonlocal found
        if rank(risk_class) > rank(found.risk_class):
            found = Best(risk_class, why, cause)

    if facts.serious_signal:
        at_least("special_mention", "a serious warning signal is open", "signal")
    observed_from = facts.relapsed_on or facts.restructured_on
    if observed_from is not None and as_of < months_after(observed_from, observation_months):
        at_least("special_mention", f"restructured on {facts.restructured_on}, under observation", "observation")
        if facts.relapsed_on is not None:
            why = f"past due again on {facts.relapsed_on} after the restructuring on {facts.restructured_on}"
            at_least("substandard", why, "relapse")
    share = facts.non_performing_share
    if share is not None and share > contagion_share:
        at_least("substandard", f"{share:.0%} of the debtor's debts are non-performing", "contagion")
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
