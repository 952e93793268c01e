"""The monthly pack: archived once for each month, and told in the Prefect UI by numbers only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from postloan.book import documents
from postloan.book.tables import Document
from postloan.reports.monthly import Pack, monthly
from postloan.reports.performance import Record
from postloan.reports.period import Month
from postloan.reports.printing import MEDIA, render, title
from postloan.reports.words import Words, percent, points
from tasks.digest import MOST_ROWS
from tasks.office import Office

KIND = "monthly"


def made(office: Office, month: Month) -> Pack:
    """The pack of a month, from the book as it is now."""
    with office.book.read() as session:
        return monthly(session, office.policy_file, month, office.today)


def printed(office: Office, pack: Pack, form: str) -> bytes:
    """The pack as "html", "pdf" or "xlsx", by the policy in force on its last day."""
    policy = office.policy_file.at(pack.as_of)
    return render(office.renderer, pack, form, policy=policy, made_on=office.today)


@task(name="archive-monthly-pack")
def archive_pack(month: str) -> list[str]:
    """Print the pack of a month as page, PDF and workbook and archive all three; gives their numbers.

    What the meeting had before it stays: done again, it changes nothing.
    """
    office = Office.open()
    numbers = {form: documents.report_no(KIND, month, media_type) for form, media_type in MEDIA.items()}
    with office.book.read() as session:
        if all(session.get(Document, number) is not None for number in numbers.values()):
            return list(numbers.values())
    pack = made(office, Month.parse(month))
    content = {form: printed(office, pack, form) for form in MEDIA}
    stored = {form: documents.store(office.settings.archive, content[form], MEDIA[form]) for form in MEDIA}
    policy = office.policy_file.at(pack.as_of)
    name = title(pack, Words.of(policy, pack.branch_names))
    version = office.policy_file.version
    with office.book.write(origin="monthly-pack") as writer:
        for form, media_type in MEDIA.items():
            documents.enter_report(
                writer,
                kind=KIND,
                period=month,
                title=name,
                media_type=media_type,
                sha256=stored[form],
                size=len(content[form]),
                policy_version=version,
            )
        writer.record("report.made", policy_version=version, kind=KIND, period=month, as_of=pack.as_of, sha256=stored)
    return list(numbers.values())


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
