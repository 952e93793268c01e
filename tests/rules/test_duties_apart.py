"""REC-6: who may sign, deputies included, and that nobody fills two duties of a case."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postloan.rules.duties_apart import Mandate, Person, barred, signatories


def person(no: str, role: str = "account_officer", **more) -> Person:
    return Person(no, frozenset({role}), **more)


def test_a_present_person_signs_and_an_absent_ones_deputy_does() -> None:
    people = [person("A", deputy_no="B"), person("B", "clerk")]
    assert signatories(Mandate("account_officer", "A"), people) == {"A": "A"}
    away = [person("A", deputy_no="B", absent=True), person("B", "clerk")]
    assert signatories(Mandate("account_officer", "A"), away) == {"B": "A"}


def test_deputies_hand_on_and_a_ring_of_absent_ones_ends() -> None:
    chain = [person("A", deputy_no="B", absent=True), person("B", deputy_no="C", absent=True), person("C")]
    assert signatories(Mandate("account_officer", "A"), chain) == {"C": "A"}
    ring = [person("A", deputy_no="B", absent=True), person("B", deputy_no="A", absent=True)]
    assert signatories(Mandate("account_officer", "A"), ring) == {"A": "A"}, "an absent holder is better than nobody"
    alone = [person("A", absent=True)]
    assert signatories(Mandate("account_officer", "A"), alone) == {"A": "A"}


def test_the_branch_comes_first_then_head_office_then_anybody() -> None:
    near, head, far = person("N", branch_no="B1"), person("H"), person("F", branch_no="B2")
    at_b1 = Mandate("account_officer", branch_no="B1")
    assert set(signatories(at_b1, [near, head, far])) == {"N", "H"}
    assert set(signatories(at_b1, [far])) == {"F"}, "a step never waits for no one"
    assert signatories(at_b1, [person("X", active=False)]) == {}


def test_who_is_named_and_has_left_lost_the_role_or_is_barred_gives_way_to_the_role() -> None:
    other = person("B", branch_no="B1")
    named = Mandate("account_officer", "A", "B1")
    assert signatories(named, [person("A"), other]) == {"A": "A"}
    assert signatories(named, [person("A", active=False), other]) == {"B": "B"}
    assert signatories(named, [person("A", "clerk"), other]) == {"B": "B"}
    assert signatories(named, [person("A"), other], barred={"A"}) == {"B": "B"}


def test_who_is_barred_acts_for_nobody_and_who_may_act_acts_for_themselves() -> None:
    people = [person("A", deputy_no="B", absent=True), person("B"), person("C", deputy_no="B", absent=True)]
    role = Mandate("account_officer")
    assert signatories(role, people) == {"B": "B"}, "their own right comes first"
    assert signatories(role, people, barred={"B"}) == {"A": "A", "C": "C"}
    far = [person("N", branch_no="B1"), person("F", branch_no="B2")]
    at_b1 = Mandate("account_officer", branch_no="B1")
    assert signatories(at_b1, far, barred={"N"}) == {"F": "F"}, "another branch steps in when all here are barred"


@given(st.lists(st.tuples(st.sampled_from(["report", "sign", "review"]), st.sampled_from("ABC")), max_size=30))
def test_whatever_is_tried_nobody_fills_two_duties(tries: list[tuple[str, str]]) -> None:
    signed: list[tuple[str, str]] = []
    for duty, who in tries:
        if who not in barred(duty, signed):
            signed.append((duty, who))
    assert all(len({d for d, w in signed if w == who}) <= 1 for who in "ABC")
