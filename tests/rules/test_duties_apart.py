"""REC-6: who may sign, deputies included, and that nobody fills two duties of a case."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postloan.rules.duties_apart import Mandate, Person, incompatible, signatories


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
    assert signatories(Mandate("account_officer", "A"), ring) == {}
    alone = [person("A", absent=True)]
    assert signatories(Mandate("account_officer", "A"), alone) == {"A": "A"}


def test_the_branch_comes_first_then_head_office_then_anybody() -> None:
    near, head, far = person("N", branch_no="B1"), person("H"), person("F", branch_no="B2")
    at_b1 = Mandate("account_officer", branch_no="B1")
    assert set(signatories(at_b1, [near, head, far])) == {"N", "H"}
    assert set(signatories(at_b1, [far])) == {"F"}, "a step never waits for no one"
    assert signatories(at_b1, [person("X", active=False)]) == {}


@given(st.lists(st.tuples(st.sampled_from(["report", "sign", "review"]), st.sampled_from("ABC")), max_size=30))
def test_whatever_is_tried_nobody_fills_two_duties(tries: list[tuple[str, str]]) -> None:
    signed: list[tuple[str, str]] = []
    for duty, who in tries:
        if incompatible(duty, who, signed) is None:
            signed.append((duty, who))
    assert all(len({d for d, w in signed if w == who}) <= 1 for who in "ABC")
