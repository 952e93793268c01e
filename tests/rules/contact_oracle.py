"""What the law says about contact, sentence by sentence, as plainly and slowly as it can be written, without
the rule's code. The tests hold the gate against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from postloan.rules.contact import Asked, Attempt, Stop

PRESETS = ("cn_2025", "cn_2026", "us_regulation_f")
CHINA = ("cn_2025", "cn_2026")
US = ("us_regulation_f",)


@dataclass(frozen=True)
class World:
    """What was granted, what stops and consents there are, what is asked, and when."""

    asked: Asked
    at: datetime
    granted: list[Attempt]
    stops: list[Stop]
    working: Callable[[date], bool]

    @property
    def there(self) -> datetime:
        return self.at.astimezone(self.asked.zone)

    @property
    def today(self) -> date:
        return self.there.date()

    def day_of(self, attempt: Attempt) -> date:
        return attempt.at.astimezone(self.asked.zone).date()

    def last_days(self, count: int, *channels: str) -> list[Attempt]:
        first = self.today - timedelta(days=count - 1)
        return [a for a in self.granted if a.channel in channels and first <= self.day_of(a) <= self.today]

    def with_this_person(self, attempts: list[Attempt]) -> list[Attempt]:
        return [a for a in attempts if a.party_no == self.asked.party_no]

    def about_this_debt(self, attempts: list[Attempt]) -> list[Attempt]:
        mine = self.with_this_person(attempts)
        return [a for a in mine if not a.loans or not self.asked.loans or set(a.loans) & set(self.asked.loans)]

    def stopped(self, *kinds: str) -> bool:
        for s in self.stops:
            if s.kind not in kinds or s.from_on > self.today or (s.until_on and s.until_on < self.today):
                continue
            person = s.party_no == "" or s.party_no == self.asked.party_no
            channel = s.channel == "" or s.channel == self.asked.channel
            number = s.number == "" or self.asked.number == "" or s.number == self.asked.number
            debt = not s.loans or not self.asked.loans or set(s.loans) & set(self.asked.loans)
            if person and channel and number and debt:
                return True
        return False

    def consents(self, kind: str) -> list[Stop]:
        return [
            s
            for s in self.stops
            if s.kind == kind
            and s.from_on <= self.today
            and (s.until_on is None or self.today <= s.until_on)
            and s.party_no == self.asked.party_no
            and (s.channel == "" or s.channel == self.asked.channel)
            and (s.number == "" or s.number == self.asked.number)
            and (not s.loans or (self.asked.loans and all(loan in s.loans for loan in self.asked.loans)))
        ]

    def agreed_now(self) -> bool:
        clock = self.there.time()
        for consent in self.consents("hours_agreed"):
            for start, end in consent.hours:
                if clock >= start and (end == time(0) or clock < end):
                    return True
        return False

    def unbound(self) -> bool:
        return self.asked.by_law

    def outside(self, start: int, end: int) -> bool:
        return not self.unbound() and not start <= self.there.hour < end and not self.agreed_now()


def third(w: World) -> bool:
    return w.asked.party == "third_party"


def too_many(w: World, attempts: list[Attempt], most: int) -> bool:
    return not w.unbound() and len(attempts) >= most


def talks(attempts: list[Attempt]) -> list[Attempt]:
    return [a for a in attempts if a.conversed is not False]


def on_this_number(w: World, attempts: list[Attempt]) -> list[Attempt]:
    same = [a for a in attempts if a.number and w.asked.number and a.number == w.asked.number]
    unknown = [a for a in attempts if not (a.number and w.asked.number) and a.party_no == w.asked.party_no]
    return same + unknown


NOT_LETTERS = ("call", "sms", "email", "visit")
Statement = Callable[[World], bool]

# What is forbidden, to whom it applies.
LAW: list[tuple[str, tuple[str, ...], Statement]] = [
    ("none between 22:00 and 08:00 unless agreed", CHINA, lambda w: w.outside(8, 22)),
    ("08:00 to 21:00 at the consumer's place", US, lambda w: w.outside(8, 21)),
    ("three effective calls a day with one debtor", CHINA,
     lambda w: w.asked.channel == "call" and too_many(w, talks(w.with_this_person(w.last_days(1, "call"))), 3)),
    ("six unanswered attempts on one number a day", ("cn_2026",),
     lambda w: w.asked.channel == "call"
     and too_many(w, [a for a in on_this_number(w, w.last_days(1, "call")) if not a.conversed], 6)),
    ("seven calls in seven days per debt", US,
     lambda w: w.asked.channel == "call" and too_many(w, w.about_this_debt(w.last_days(7, "call")), 7)),
    ("none in the seven days after a conversation", US,
     lambda w: w.asked.channel == "call" and too_many(w, talks(w.about_this_debt(w.last_days(7, "call"))), 1)),
    ("every electronic message says how to opt out", US,
     lambda w: w.asked.channel in ("sms", "email") and not w.asked.opt_out_text),
    ("a third person is never told of the debt", PRESETS, lambda w: third(w) and w.asked.mentions_debt),
    ("a third person is only asked for contact", PRESETS, lambda w: third(w) and w.asked.purpose != "locate"),
    ("no pressure through employers", PRESETS, lambda w: third(w) and w.asked.at_workplace),
    ("only if the debtor is lost, dead or incapable", ("cn_2025",),
     lambda w: third(w) and not (w.asked.debtor_lost or w.asked.debtor_dead or w.asked.debtor_lacks_capacity)),
    ("only if the debtor is lost", ("cn_2026", *US), lambda w: third(w) and not w.asked.debtor_lost),
    ("never again once refused", PRESETS,
     lambda w: third(w)
     and any(s.kind == "refused" and s.from_on <= w.today
             and (s.party_no == w.asked.party_no or (s.number != "" and s.number == w.asked.number))
             for s in w.stops)),
    ("heirs are heirs of the dead", PRESETS, lambda w: w.asked.party == "heir" and not w.asked.debtor_dead),
    ("the dead are not written to", PRESETS,
     lambda w: w.stopped("deceased") or (w.asked.party == "borrower" and w.asked.debtor_dead)),
    ("the represented only through the attorney", PRESETS, lambda w: w.stopped("represented")),
    ("an attorney is somebody's", PRESETS,
     lambda w: w.asked.party == "attorney"
     and not any(s.kind == "represented" and s.from_on <= w.today and (s.until_on is None or w.today <= s.until_on)
                 for s in w.stops)),
    ("pauses, disputes, illness", PRESETS, lambda w: w.stopped("moratorium", "disputed", "hospitalised")),
    ("wishes to cease or to opt out", PRESETS, lambda w: not w.unbound() and w.stopped("cease", "opt_out")),
    ("not at work where refused", PRESETS, lambda w: w.asked.at_workplace and w.stopped("workplace_refused")),
    ("not at work without agreement", ("cn_2026",),
     lambda w: w.asked.at_workplace and not w.consents("workplace_agreed")),
]  # fmt: skip

OWN: list[Statement] = [
    lambda w: w.asked.channel == "visit" and w.outside(8, 20),
    lambda w: w.asked.channel == "visit" and not w.working(w.today),
    lambda w: w.asked.channel == "sms" and too_many(w, w.with_this_person(w.last_days(1, "sms")), 1),
    lambda w: w.asked.channel == "sms" and too_many(w, w.with_this_person(w.last_days(7, "sms")), 3),
    lambda w: w.asked.channel == "email" and too_many(w, w.with_this_person(w.last_days(1, "email")), 1),
    lambda w: w.asked.channel == "email" and too_many(w, w.with_this_person(w.last_days(7, "email")), 3),
    lambda w: w.asked.channel == "visit" and too_many(w, w.with_this_person(w.last_days(1, "visit")), 1),
    lambda w: w.asked.channel == "visit" and too_many(w, w.with_this_person(w.last_days(7, "visit")), 2),
    lambda w: w.asked.channel != "letter" and too_many(w, w.with_this_person(w.last_days(1, *NOT_LETTERS)), 10),
    lambda w: w.asked.channel != "letter" and too_many(w, w.with_this_person(w.last_days(7, *NOT_LETTERS)), 30),
    lambda w: (
        third(w)
        and w.asked.channel != "letter"
        and too_many(w, [a for a in w.with_this_person(w.last_days(7, *NOT_LETTERS)) if a.party == "third_party"], 1)
    ),
]


def broken(preset: str, world: World) -> list[str]:
    """The sentences of the law that this contact would break."""
    return [name for name, presets, forbidden in LAW if preset in presets and forbidden(world)]


def permitted(preset: str, world: World) -> bool:
    """Whether neither the law nor our own caps forbid it."""
    return not broken(preset, world) and not any(forbidden(world) for forbidden in OWN)
