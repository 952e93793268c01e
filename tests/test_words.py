"""Every code that people may meet has words, in Chinese and in English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from postloan.book import duties, ledger, tables
from postloan.card.wording import DONE, EVENTS, NOUNS, Wording
from postloan.feeds.kinds import KINDS as FEEDS
from postloan.forms.collection import RESULTS
from postloan.forms.workout import GROUNDS, WRITE_OFF_GROUNDS
from postloan.forms.workout import OUTCOMES as WORKOUT_OUTCOMES
from postloan.policy import PolicyFile
from postloan.rules import roles, signals
from postloan.rules.classification import CUSTOMER_CLASSES, Facts, Thresholds, best_allowed
from postloan.rules.kinds import KINDS
from postloan.rules.words import WORDS, one_language, step, word
from postloan.rules.workout import ASSETS
from tests.conftest import ROOT

CHINESE = re.compile(r"[\u4e00-\u9fff]")
CODES = {
    "borrower": tables.BORROWER_KINDS,
    "repayment": tables.REPAYMENT_METHODS,
    "security": tables.SECURITIES,
    "day_count": tables.DAY_COUNTS,
    "risk_class": tables.RISK_CLASSES,
    "customer_class": CUSTOMER_CLASSES,
    "case": tables.CASE_STATES,
    "task": tables.TASK_STATES,
    "notice_state": tables.NOTICE_STATES,
    "payment": tables.PAYMENT_KINDS,
    "payment_state": tables.PAYMENT_STATES,
    "activity": tables.ACTIVITIES,
    "relation": tables.RELATIONS,
    "variant": tables.VARIANTS,
    "extension_state": tables.EXTENSION_STATES,
    "slip_state": tables.SLIP_STATES,
    "charge": tables.CHARGE_KINDS,
    "recipient": tables.PARTIES,
    "interruption": tables.INTERRUPTIONS,
    "contact_channel": tables.CHANNELS,
    "contact_role": tables.CONTACT_ROLES,
    "contact_stop": tables.CONTACT_STOPS,
    "contact_result": tuple(RESULTS.values()),
    "promise": tables.PROMISE_STATES,
    "pause": tables.PAUSE_REASONS,
    "work_reason": ("broken_promise", "promise_due", "contact_due"),
    "right": ("limitation", "guarantee"),
    "title_state": ("kept", "released"),
    "found_by": ("consignor", "lender"),
    "ledger": ledger.ORDER,
    "guarantee": ("joint", "general"),
    "source": ("core", "schedule"),
    "signal": tuple(signals.KINDS),
    "role": tuple(roles.ROLES),
    "bucket": ("current", "written_off", "settled"),
    "measure": tables.MEASURES,
    "option": tables.OPTION_STATES,
    "milestone": tables.MILESTONE_STATES,
    "degree": tables.DEGREES,
    "transfer_ground": tuple(GROUNDS.values()),
    "write_off_ground": tuple(WRITE_OFF_GROUNDS.values()),
    "asset": ASSETS,
    "outcome": tuple(code for code in WORKOUT_OUTCOMES.values() if code),
}


def sources(*rooms: str) -> Iterator[str]:
    for room in rooms:
        for file in sorted((ROOT / room).rglob("*.py")):
            yield file.read_text()


def named(pattern: str, *rooms: str) -> set[str]:
    """What the code names in calls that look like the pattern."""
    return {found for source in sources(*rooms) for found in re.findall(pattern, source)}


@pytest.mark.parametrize("vocabulary", CODES)
def test_every_code_has_words_in_both_languages(vocabulary: str) -> None:
    for code in CODES[vocabulary]:
        assert CHINESE.search(word(code, vocabulary)), code
        english = word(code, vocabulary, "en")
        assert english
        assert "_" not in english
        assert not CHINESE.search(english)


def test_every_kind_of_case_has_a_title(policy_file: PolicyFile) -> None:
    policy = policy_file.at(policy_file.periods()[-1][0])
    own = {name: lapsing.title for name, lapsing in policy.ticklers.items()}
    for kind in (*duties.kinds(policy), *KINDS):
        assert CHINESE.search(Wording("zh", own).kind(kind)), kind
        assert re.fullmatch(r"[a-z -]+", Wording("en", own).kind(kind))
    assert Wording("zh", own).kind("of_their_own") == "of their own"


def test_every_notice_kind_and_channel_has_words(policy_file: PolicyFile) -> None:
    policy = policy_file.at(policy_file.periods()[-1][0])
    for name, kind in policy.notices.kinds.items():
        assert CHINESE.search(word(name, "notice")), name
        assert all(CHINESE.search(word(channel, "channel")) for channel in kind.channels)


def test_every_event_that_the_code_enters_has_words() -> None:
    entered = named(
        r'(?:record|_record)\(\s*(?:writer, )?(?:case, )?"([a-z_]+\.[a-z_]+)"', "postloan", "tasks", "flows"
    )
    entered |= named(r'"(payment\.[a-z]+|notice\.[a-z]+|run\.[a-z]+|plan\.[a-z]+)"', "postloan", "tasks")
    assert len(entered) > 30
    of_nouns = {f"{noun}.{what}" for noun, what in product(NOUNS, DONE)}
    assert sorted(entered - EVENTS.keys() - of_nouns) == []
    assert {feed.noun for feed in FEEDS.values()} <= NOUNS.keys()
    for event in (*EVENTS, *(f"{noun}.{what}" for noun, what in product(NOUNS, DONE))):
        for language in ("zh", "en"):
            words = Wording(language, {}).event(event, {})
            assert bool(CHINESE.search(words)) == (language == "zh"), words
            assert "_" not in words


def test_every_step_and_outcome_of_the_flows_has_words() -> None:
    steps = named(r'nth\("([a-z-]+)"', "flows", "tasks") | named(r'\.ask\(\s*"([a-z-]+)"', "flows")
    steps |= named(r'finish_step\(writer, case, "([a-z-]+)"', "tasks") | named(r'step="([a-z-]+)"', "flows")
    assert len(steps) > 15
    assert sorted(steps - WORDS["step"].keys()) == []
    outcomes = named(r'\.finish\("([a-z_]+)"', "flows") | named(r'outcome = "([a-z_]+)"', "flows")
    outcomes |= named(r'(?:if|else) "([a-z_]+)"', "flows") & {"changed", "followed", "misused", "rectified", "waived"}
    assert len(outcomes) > 5
    assert sorted(outcomes - WORDS["outcome"].keys()) == []


def test_steps_are_numbered_by_round_and_level() -> None:
    said = {"report": "检查报告", "report-2": "检查报告 2", "level-1": "上级决定 1", "level-1-2": "上级决定 1-2"}
    said |= {"assign-handler": "分派处置人", "carry-over": "余额结转", "": ""}
    assert {name: step(name) for name in said} == said
    assert step("own-step-3", "en") == "own step 3"


@pytest.mark.parametrize(
    ("text", "chinese", "english"),
    [
        ("符合 in order", "符合", "in order"),
        ("真实且无关联 genuine, unrelated", "真实且无关联", "genuine, unrelated"),
        ("关注 special_mention", "关注", "special mention"),
        ("王某 说", "王某 说", "王某 说"),
        ("plain words", "plain words", "plain words"),
        ("", "", ""),
    ],
)
def test_what_forms_offer_in_two_languages_is_said_in_one(text: str, chinese: str, english: str) -> None:
    assert (one_language(text), one_language(text, "en")) == (chinese, english)


def test_every_reason_of_a_classification_is_said_in_chinese() -> None:
    limits, day = Thresholds(0, 90, 270, 360), date(2026, 3, 31)
    for days, share, restructured_on, relapsed_on, serious in product(
        (0, 91), (None, 0.5), (None, date(2026, 1, 1)), (None, date(2026, 2, 1)), (False, True)
    ):
        facts = Facts(days, share, restructured_on, restructured_on and relapsed_on, serious)
        best = best_allowed(facts, day, limits, contagion_share=0.1, observation_months=12)
        assert not re.search(r"[A-Za-z]", Wording("zh", {}).phrase(best.why)), best.why
        assert Wording("en", {}).phrase(best.why) == best.why


@pytest.mark.parametrize(
    ("noted", "chinese"),
    [
        ("days past due: 12", "逾期 12 天"),
        ("loan L-7", "借据 L-7"),
        ("collateral below the cover that the policy asks for", "押品价值低于规定的覆盖率"),
        ("no notice reaches the borrower", "通知均无法送达借款人"),
        ("legal_representative", "法定代表人"),
        ("annual_rate: 4.350000 → 4.200000", "年利率 4.35 % → 4.2 %"),
        ("security: credit → mortgaged", "担保方式 信用 → 抵押"),
        ("matures_on: 2026-01-01 → 2027-01-01", "到期日 2026-01-01 → 2027-01-01"),
        ("guarantee: amount, until_on", "保证：金额，保证期间至"),
        ("collateral K1", "押品 K1"),
        ("no. 2", "第 2 笔"),
        ("R2 reverses R1", "R2 冲销 R1"),
        ("rule:SIG-2", "规则 SIG-2"),
        ("什么都可以 anything", "什么都可以 anything"),
        ("", ""),
    ],
)
def test_what_rules_and_the_ledger_note_is_said_in_chinese(noted: str, chinese: str) -> None:
    assert Wording("zh", {}).phrase(noted) == chinese


def test_both_languages_of_the_card_have_the_same_labels() -> None:
    def labels(language: str) -> list[str]:
        return re.findall(r"{% set (\w+) =", Path(ROOT / "templates/cards" / language / "labels.jinja").read_text())

    used = {
        name for file in (ROOT / "templates/cards").glob("*.*") for name in re.findall(r"\bt\.(\w+)", file.read_text())
    }
    assert labels("zh") == labels("en")
    assert set(labels("zh")) == used
