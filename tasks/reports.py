"""The packs of a month: archived once for each month, and told in the Prefect UI by numbers only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from postloan.book import documents
from postloan.book.tables import Document
from postloan.reports import printing
from postloan.reports.delinquency import printing as on_delinquency
from postloan.reports.delinquency.pack import Pack as DelinquencyPack
from postloan.reports.delinquency.pack import delinquency
from postloan.reports.delinquency.rolls import ALL_MONTHS
from postloan.reports.monthly import Pack, monthly
from postloan.reports.performance import Record
from postloan.reports.period import Month
from postloan.reports.printing import MEDIA
from postloan.reports.words import Words, percent, points
from tasks.digest import MOST_ROWS
from tasks.office import Office

P = TypeVar("P", Pack, DelinquencyPack)


@dataclass(frozen=True)
class Report(Generic[P]):
    """A report of a month that is archived as page, PDF and workbook.

    Attributes:
        kind: of its documents, which bears their numbers: D-MONTHLY-2026-10-PDF.
        origin: who enters them in the book.
        made: the figures, from the book as it is now.
        render, title: how they are printed, and what they are called.
    """

    kind: str
    origin: str
    made: Callable[[Office, Month], P]
    render: Callable[..., bytes]
    title: Callable[[P, Words], str]

    def printed(self, office: Office, pack: P, form: str) -> bytes:
        """As "html", "pdf" or "xlsx", by the policy in force on the report's last day."""
        policy = office.policy_file.at(pack.as_of)
        return self.render(office.renderer, pack, form, policy=policy, made_on=office.today)

    def archive(self, office: Office, month: Month) -> list[str]:
        """Print and archive the report of a month in all forms; gives the documents' numbers.

        What people had before them stays: done again, it changes nothing.
        """
        numbers = {form: documents.report_no(self.kind, str(month), media) for form, media in MEDIA.items()}
        with office.book.read() as session:
            if all(session.get(Document, number) is not None for number in numbers.values()):
                return list(numbers.values())
        pack = self.made(office, month)
        content = {form: self.printed(office, pack, form) for form in MEDIA}
        stored = {form: documents.store(office.settings.archive, content[form], MEDIA[form]) for form in MEDIA}
        name = self.title(pack, Words.of(office.policy_file.at(pack.as_of), pack.branch_names))
        version = office.policy_file.version
        with office.book.write(origin=self.origin) as writer:
            for form, media_type in MEDIA.items():
                documents.enter_report(
                    writer,
                    kind=self.kind,
                    period=str(month),
                    title=name,
                    media_type=media_type,
                    sha256=stored[form],
                    size=len(content[form]),
                    policy_version=version,
                )
            writer.record(
                "report.made",
                policy_version=version,
                kind=self.kind,
                period=str(month),
                as_of=pack.as_of,
                sha256=stored,
            )
        return list(numbers.values())


def made(office: Office, month: Month) -> Pack:
    """The pack of a month, from the book as it is now."""
    with office.book.read() as session:
        return monthly(session, office.policy_file, month, office.today)


def made_of_delinquency(office: Office, month: Month) -> DelinquencyPack:
    """The delinquency pack of a month, from the book as it is now."""
    with office.book.read() as session:
        return delinquency(session, month, office.today)


MONTHLY = Report("monthly", "monthly-pack", made, printing.render, printing.title)
DELINQUENCY = Report(
    "delinquency", "delinquency-pack", made_of_delinquency, on_delinquency.render, on_delinquency.title
)


@task(name="archive-monthly-pack")
def archive_pack(month: str) -> list[str]:
    """Print the pack of a month as page, PDF and workbook and archive all three; gives their numbers."""
    return MONTHLY.archive(Office.open(), Month.parse(month))


@task(name="archive-delinquency-pack")
def archive_delinquency(month: str) -> list[str]:
    """Print the delinquency pack of a month as page, PDF and workbook and archive all three; gives their numbers."""
    return DELINQUENCY.archive(Office.open(), Month.parse(month))


def publish(office: Office, pack: Pack, numbers: Iterable[str]) -> None:
    """Publish the month as a page and a table. Everybody who can open the UI reads them: no names."""
    done = pack.performance
    page = office.renderer.text(
        "monthly.md",
        pack=pack,
        now=pack.headline,
        branches=done.branches,
        total=done.total,
        documents=list(numbers),
        percent=percent,
        points=points,
    )
    create_markdown_artifact(key="monthly-pack", markdown=page, description=f"贷后管理例会 Monthly pack {pack.month}")
    rows = [_row(record) for record in (*done.branches, *done.staff)]
    create_table_artifact(
        key="monthly-performance",
        table=rows[:MOST_ROWS] or [{"branch_no": "", "note": "nobody"}],
        description=f"履职考核 Performance of branches and staff {pack.month}",
    )


def _row(record: Record) -> dict[str, Any]:
    """A record without names; a branch has no staff number."""
    row = record.flat()
    del row["name"], row["roles"]
    return row | {
        "branch_no": record.branch_no or "HO",
        "on_time_share": percent(record.on_time_share),
        "score": str(record.score) if record.score is not None else "",
    }


def publish_delinquency(office: Office, pack: DelinquencyPack, numbers: Iterable[str]) -> None:
    """Publish the month's delinquency as a page and a table of roll rates, by numbers only."""
    page = office.renderer.text(
        "delinquency.md",
        pack=pack,
        now=pack.headline,
        forward=[f for f in pack.forward if f.month == pack.month],
        documents=list(numbers),
        percent=percent,
        points=points,
    )
    create_markdown_artifact(
        key="delinquency-pack", markdown=page, description=f"逾期管理月报 Delinquency report {pack.month}"
    )
    rows = [
        {
            "currency": f.currency,
            "month": f.month,
            "bucket": f.bucket,
            "loans": f.loans,
            "rolled": f.rolled,
            "rate": percent(f.rate),
            "amount_rate": percent(f.amount_rate),
        }
        for f in pack.forward
        if f.month != ALL_MONTHS
    ]
    create_table_artifact(
        key="delinquency-rolls",
        table=rows[-MOST_ROWS:] or [{"month": pack.month, "note": "no loans"}],
        description=f"逐期迁徙率 Forward rolls up to {pack.month}",
    )
