"""The card as a paper shows it: what is long is cut or drawn together, codes become words. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby, zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from postloan.calendar import months_after
from postloan.card import chart
from postloan.card.wording import Wording, amount, rate
from postloan.forms.base import Form
from postloan.forms.inspections import FirstInspectionReport, RoutineInspectionReport, SpecialInspectionReport
from postloan.rules.classification import CLASSES
from postloan.rules.position import ZERO

Values = Mapping[str, Any]
FULL = 24  # rows of the schedule and of the receipts that are shown in full
NEXT = 6  # instalments to come that a longer schedule shows
LATEST = 12  # receipts that a longer list shows
AHEAD = 12  # months of duties ahead
FORMS: dict[str, type[Form]] = {
    "first_inspection": FirstInspectionReport,
    "routine_inspection": RoutineInspectionReport,
    "special_inspection": SpecialInspectionReport,
}
NOT_APPLICABLE = "不适用"


class Paper:
    """A card for people, in one language."""

    def __init__(self, card: Mapping[str, Any], language: str) -> None:
        self.card = card
        self.words = Wording(language, card["titles"])
        self.zone = ZoneInfo(card["time_zone"])
        self.say, self.half, self.kind = self.words.say, self.words.half, self.words.kind
        self.phrase, self.outcome = self.words.phrase, self.words.outcome
        self.amount, self.rate = amount, rate

    @property
    def as_of(self) -> date:
        return date.fromisoformat(self.card["as_of"])

    # ------------------------------------------------------------------------------ small things

    def who(self, staff_no: str | None) -> str:
        """A member of staff by name and number."""
        if not staff_no:
            return "—"
        if staff_no == "system":
            return self.words.pick(("系统", "system"))
        name = self.card["staff"].get(staff_no)
        return f"{name} {staff_no}" if name else staff_no

    def moment(self, moment: str | None) -> str:
        """A moment in the institution's zone, to the minute."""
        return datetime.fromisoformat(moment).astimezone(self.zone).strftime("%Y-%m-%d %H:%M") if moment else "—"

    def ending(self, number: str) -> str:
        """The last four characters of a number that is not everybody's business."""
        return f"…{number[-4:]}" if len(number) > 4 else number

    @property
    def severity(self) -> int:
        """1 for normal to 5 for loss: shown as so many filled squares."""
        return CLASSES.index(self.card["risk_class"]) + 1

    @property
    def bucket(self) -> str:
        return self.say(self.card["bucket"], "bucket")

    @property
    def days_left(self) -> int:
        """Calendar days to maturity; negative after it."""
        return (date.fromisoformat(self.card["loan"]["matures_on"]) - self.as_of).days

    @property
    def repaid(self) -> str:
        """How much of what was lent is paid back, in whole percent."""
        if not self.card["balance"]["actual"]:
            return "—"
        drawn = sum((Decimal(d["amount"]) for d in self.card["drawdowns"]), ZERO)
        lent = drawn or Decimal(self.card["loan"]["principal"])
        return f"{int((1 - Decimal(self.card['principal_outstanding']) / lent) * 100)} %"

    @property
    def chart(self) -> Markup:
        """The balance over time, as SVG; empty before the loan is paid out."""
        return Markup(
            chart.balance(
                actual=_points(self.card["balance"]["actual"]),
                agreed=_points(self.card["balance"]["agreed"]),
                as_of=self.as_of,
                title=self.words.pick(("本金余额", "Principal outstanding")),
                actual_title=self.words.pick(("实际", "actual")),
                agreed_title=self.words.pick(("约定", "as agreed")),
            )
        )

    # --------------------------------------------------------------------- schedule and receipts

    @property
    def instalments(self) -> list[Values]:
        """The instalments of which anything is due: an extension or an early repayment leaves empty ones behind."""
        dues = ("principal_due", "interest_due", "fee_due")
        return [i for i in self.card["instalments"] if any(Decimal(i[due]) for due in dues)]

    @property
    def schedule(self) -> list[Values]:
        """The instalments to show: all of a short schedule; of a longer one what is overdue or in part paid,
        and the next ones to come."""
        every = self.instalments
        if len(every) <= FULL:
            return every
        to_come = [i for i in every if i["state"] == "due"][:NEXT]
        shown = [i for i in every if i["state"] in ("overdue", "part")] + to_come
        return sorted(shown, key=lambda i: (i["due_on"], i["number"]))

    @property
    def next_due(self) -> Values | None:
        """The next instalment to come."""
        return next((i for i in self.instalments if i["state"] in ("due", "part")), None)

    @property
    def schedule_states(self) -> list[tuple[str, int]]:
        """How many instalments there are of each state, in words."""
        states = ("paid", "overdue", "part", "due")
        counts = [(s, sum(i["state"] == s for i in self.instalments)) for s in states]
        return [(self.say(state, "instalment"), count) for state, count in counts if count]

    def halves(self, rows: Sequence[Values]) -> list[tuple[Values | None, Values | None]]:
        """Rows side by side: the first half of them on the left, the second on the right."""
        half = (len(rows) + 1) // 2
        return list(zip_longest(rows[:half], rows[half:]))

    @property
    def receipts(self) -> list[Values]:
        """The receipts to show: all, or the latest of many; each with whether it was reversed."""
        every = self.card["repayments"]
        reversed_ = {r["reverses"] for r in every if r["reverses"]}
        shown = every if len(every) <= FULL else every[-LATEST:]
        return [r | {"reversed": r["receipt_no"] in reversed_} for r in shown]

    @property
    def split(self) -> list[Values]:
        """What the latest receipts paid part by part, where more than interest and principal was owed."""
        every = self.card["allocations"]
        telling = any(Decimal(a[part]) for a in every for part in ("fee", "penalty", "excess"))
        return every[-LATEST:] if telling else []

    @property
    def penalty(self) -> str:
        """Penalty interest to the day, "" where there is none or nobody here knows."""
        accrued = self.card["penalty_accrued"]
        return amount(accrued) if accrued and Decimal(accrued) else ""

    @property
    def terms(self) -> list[tuple[str, str]]:
        """What a contract may say beside amount, rate and time: labels with values, only where there is one."""
        loan, w = self.card["loan"], self.words
        percent = {name: w.value(name, loan[name]) for name in ("penalty_surcharge", "base_rate") if loan[name]}
        if loan["compound"] and percent.get("penalty_surcharge"):
            percent["penalty_surcharge"] += w.comma + w.pick(("计收复利", "on interest too"))
        shown = {
            "original_maturity": loan["original_maturity"],
            "penalty_surcharge": percent.get("penalty_surcharge"),
            "consignor": loan["consignor"],
            "found_by": self.say(loan["found_by"], "found_by"),
            "base_rate": percent.get("base_rate"),
        }
        return [(w.field(name).capitalize(), value) for name, value in shown.items() if value]

    def asked(self, extension: Values) -> str:
        """What was asked for, where something else was granted."""
        if all(extension[f"asked_{name}"] == extension[name] for name in ("until_on", "amount")):
            return ""
        return f"{amount(extension['asked_amount'])} → {extension['asked_until_on']}"

    def consents(self, case_no: str) -> str:
        """Who consented in writing in a case, and when."""
        given = [c for c in self.card["consents"] if c["case_no"] == case_no]
        return self.words.listed(
            [f"{self.say(c['party'], 'recipient')} {c['party_no']} ({c['given_on']})" for c in given]
        )

    @property
    def other_consents(self) -> list[tuple[str, str]]:
        """The cases other than extensions in which somebody consented: an entrusted loan that is repaid early."""
        extended = {e["case_no"] for e in self.card["extensions"]}
        others = dict.fromkeys(c["case_no"] for c in self.card["consents"] if c["case_no"] not in extended)
        return [(case_no, self.consents(case_no)) for case_no in others]

    @property
    def rights(self) -> list[Values]:
        """When the rights lapse: once the loan has matured and is not paid."""
        return self.card["rights"] if self.days_left < 0 and self.card["principal_outstanding"] != "0.00" else []

    def situation(self, diagnosis: Values) -> str:
        """The cause of a default and its case, in words."""
        return f"{self.half(diagnosis['findings'].get('situation', diagnosis['cause']))}"

    @property
    def received(self) -> str:
        """What was received in all, without what was reversed."""
        every = self.card["repayments"]
        reversed_ = {r["reverses"] for r in every if r["reverses"]}
        good = [r for r in every if not r["reverses"] and r["receipt_no"] not in reversed_]
        return amount(sum((Decimal(r["amount"]) for r in good), ZERO))

    # ---------------------------------------------------------------------------------- the work

    @property
    def ahead(self) -> list[Values]:
        """The duties of the next months, one row for each kind and rule, with its days."""
        last = months_after(self.as_of, AHEAD).isoformat()
        coming = [d for d in self.card["duties"] if self.card["as_of"] < d["due_on"] <= last]
        found: dict[tuple[str, str], list[str]] = {}
        for duty in coming:
            found.setdefault((duty["kind"], duty["rule"]), []).append(duty["due_on"])
        return [
            {"kind": self.kind(kind), "rule": rule, "days": list(dict.fromkeys(days))}
            for (kind, rule), days in found.items()
        ]

    @property
    def inspections(self) -> list[Values]:
        """The inspections, with what they concluded in words."""
        return [
            one
            | {
                "kind": self.kind(one["kind"]),
                "method": self.half(str(one["report"].get("method", "—"))),
                "conclusion": self.conclusion(one),
                "findings": one["report"].get("findings", ""),
                "signals": [self.half(signal) for signal in one["report"].get("signals", ())],
                "verdict": self.half(one["review"]["decision"]) if one["review"] else "",
            }
            for one in self.card["inspections"]
        ]

    def conclusion(self, inspection: Values) -> str:
        """What was chosen of what was offered, by verdict: 正常：经营、保证人；有异常：财务与报表."""
        report, said = inspection["report"], dict[str, list[str]]()
        for name, field in FORMS[inspection["kind"]].model_fields.items():
            value, offered = report.get(name), getattr(field.annotation, "__args__", ())
            if name != "method" and value in offered and not value.startswith(NOT_APPLICABLE):
                said.setdefault(self.half(value), []).append(self.half(str(field.title)))
        return self.words.semicolon.join(
            f"{verdict}{self.words.colon}{self.words.listed(titles)}" for verdict, titles in said.items()
        )

    # ------------------------------------------------------------------------------ sent and kept

    @property
    def letters(self) -> list[Values]:
        """The notices to others than staff."""
        return [n for n in self.card["notices"] if n["recipient_kind"] != "staff"]

    @property
    def memos(self) -> list[tuple[str, str, int]]:
        """The notices to staff: kind, state, how many."""
        counts: dict[tuple[str, str], int] = {}
        for n in self.card["notices"]:
            if n["recipient_kind"] == "staff":
                key = (self.say(n["kind"], "notice"), self.say(n["state"], "notice_state"))
                counts[key] = counts.get(key, 0) + 1
        return [(kind, state, count) for (kind, state), count in counts.items()]

    @property
    def papers(self) -> list[Values]:
        """The archived documents, the forms of one together."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for d in self.card["documents"]:
            paper = found.setdefault((d["case_no"], d["kind"]), d | {"forms": []})
            form = "PDF" if d["media_type"] == "application/pdf" else d["media_type"].rpartition("/")[2].upper()
            paper["forms"].append((form, d["sha256"]))
        return list(found.values())

    @property
    def timeline(self) -> list[Values]:
        """The events of the audit trail; what the machine sent or filed at one moment is drawn together."""
        return [self._line(list(links)) for _, links in groupby(self.card["events"], self._together)]

    def _together(self, link: Values) -> tuple[Any, ...]:
        noun = link["event"].partition(".")[0]
        if noun not in ("notice", "document") or link["actor"] != "system":
            return (link["seq"],)
        return (noun, link["case_no"], self.moment(link["at"]))

    def _line(self, links: Sequence[Values]) -> Values:
        first, last = links[0], links[-1]
        told = [(link["event"], self._named(link["data"])) for link in links]
        return {
            "seq": str(first["seq"]) if len(links) == 1 else f"{first['seq']}–{last['seq']}",
            "at": self.moment(first["at"]),
            "what": self.words.events(told),
            "case_no": first["case_no"],
            "who": self.who(first["actor"]),
            "duty": self._duty(first),
            "by_system": first["actor"] == "system",
        }

    def _duty(self, link: Values) -> str:
        """What the person did in the case; who reviews need not be of risk control: the question says."""
        duty, step = link["data"].get("duty"), link["data"].get("step")
        if duty == "review":
            asked = [t["role"] for t in self.card["tasks"] if (t["case_no"], t["step"]) == (link["case_no"], step)]
            return self.say(asked[-1], "role") if asked else self.words.duty(duty)
        return self.words.duty(duty) if duty else ""

    def _named(self, told: Values) -> Values:
        """What an event tells, with people and documents by name."""
        people = {name: self.who(told[name]) for name in ("staff_no", "claimed_by") if told.get(name)}
        titles = {d["document_no"]: d["title"] for d in self.card["documents"]}
        number = told.get("document_no")
        return {**told, **people, **({"title": titles[number]} if number in titles else {})}

    def nothing_in(self, sections: Mapping[str, str]) -> Iterator[str]:
        """The titles of the sections that have nothing to show: {key of the card: title}."""
        return (title for key, title in sections.items() if not self.card[key])


def _points(points: Sequence[Values]) -> list[tuple[date, Decimal]]:
    return [(date.fromisoformat(p["on"]), Decimal(p["outstanding"])) for p in points]
