"""The archive: documents kept as files under their SHA-256, entered in the book."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from sqlmodel import Session, select

from postloan.book.engine import Writer
from postloan.book.tables import Case, Document
from postloan.errors import NotFound

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SUFFIX = {"text/html": ".html", "application/pdf": ".pdf", XLSX: ".xlsx"}


def path_of(archive: Path, document: Document) -> Path:
    """Where the document's file is."""
    return archive / document.sha256[:2] / (document.sha256 + SUFFIX.get(document.media_type, ""))


def store(archive: Path, content: bytes, media_type: str) -> str:
    """Write content into the archive, whole or not at all and safely on disk; gives its SHA-256.

    Storing the same content again changes nothing. A file without an entry in the book, left by a
    crash in between, does no harm: the step that made it is done again.
    """
    digest = hashlib.sha256(content).hexdigest()
    target = archive / digest[:2] / (digest + SUFFIX.get(media_type, ""))
    if target.exists():
        return digest
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return digest


def enter(writer: Writer, case: Case, *, kind: str, title: str, media_type: str, sha256: str, size: int) -> Document:
    """Enter an archived document on the loan's card, once per case, kind and form. The papers of a case after
    the first are numbered: D-ST-L1-2026-05-08-2-PDF."""
    alike = writer.session.exec(
        select(Document).where(Document.case_no == case.case_no, Document.media_type == media_type)
    ).all()
    found = next((document for document in alike if document.kind == kind), None)
    if found is not None:
        return found
    suffix = SUFFIX.get(media_type, "").lstrip(".").upper()
    which = f"-{len(alike) + 1}" if alike else ""
    document = Document(
        document_no=f"D-{case.case_no}{which}-{suffix}",
        loan_no=case.loan_no,
        case_no=case.case_no,
        kind=kind,
        title=title,
        media_type=media_type,
        sha256=sha256,
        size=size,
        created_at=writer.now,
    )
    writer.session.add(document)
    writer.record(
        "document.archived",
        loan_no=case.loan_no,
        case_no=case.case_no,
        policy_version=case.policy_version,
        document_no=document.document_no,
        kind=kind,
        sha256=sha256,
        size=size,
    )
    return document


def enter_report(
    writer: Writer,
    *,
    kind: str,
    period: str,
    title: str,
    media_type: str,
    sha256: str,
    size: int,
    policy_version: str = "",
) -> Document:
    """Enter a document about no loan or case, once per kind, period and form: what was archived first stays."""
    number = report_no(kind, period, media_type)
    found = writer.session.get(Document, number)
    if found is not None:
        return found
    document = Document(
        document_no=number,
        kind=kind,
        title=title,
        media_type=media_type,
        sha256=sha256,
        size=size,
        created_at=writer.now,
    )
    writer.session.add(document)
    writer.record(
        "document.archived",
        policy_version=policy_version,
        document_no=number,
        kind=kind,
        sha256=sha256,
        size=size,
    )
    return document


def report_no(kind: str, period: str, media_type: str) -> str:
    """The number of a document about no case: D-MONTHLY-2026-10-PDF."""
    return f"D-{kind.upper()}-{period}-{SUFFIX[media_type].lstrip('.').upper()}"


def read(session: Session, archive: Path, document_no: str) -> bytes:
    """A document's content. Raises NotFound, also when the file is not what was archived."""
    document = session.get(Document, document_no)
    if document is None:
        raise NotFound(f"there is no document {document_no!r}")
    file = path_of(archive, document)
    if not file.exists():
        raise NotFound(f"the archive lost {document_no}: {file.name} is missing; restore it from a backup")
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != document.sha256:
        raise NotFound(f"{document_no} was altered in the archive: its SHA-256 is no longer {document.sha256}")
    return content
