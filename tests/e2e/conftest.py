"""A real installation: Prefect server, deployments, worker, SMTP server and SMS gateway."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from cli.sinks import Sinks
from cli.stack import Stack, running, speaking_to
from flows.daily import daily_round
from postloan.book import Writer, migrate
from postloan.book.tables import Branch, Staff, StaffRole
from postloan.settings import REPOSITORY
from tasks.office import Office
from tasks.round import work_out
from tests.factory import staff_and_loans

LOANS = tuple(f"L{n:02d}" for n in range(1, 13))


@dataclass
class Installation:
    """What the tests drive: the office, the stack and where messages arrive."""

    office: Office
    stack: Stack
    sinks: Sinks
    today: date


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def own_book(
    installation: Installation, home: Path, fill: Callable[[Office], None], policy: str = ""
) -> Iterator[Installation]:
    """Another book on the same server, filled and with its round of the day done, where people sign without codes:
    these have tests of their own, and nobody has to wait for the next one."""
    (home / "policy.toml").write_text(f'extends = "{REPOSITORY / "policy.toml"}"\n[signing]\ncodes = false\n{policy}')
    before = dict(os.environ)
    os.environ.update(
        POSTLOAN_POLICY=str(home / "policy.toml"),
        POSTLOAN_HOME=str(home),
        POSTLOAN_BOOK=f"sqlite:///{home / 'book.db'}",
    )
    office = Office.open()
    migrate.upgrade(office.book)
    fill(office)
    work_out(office, office.today)
    yield replace(installation, office=office, today=office.today)
    os.environ.clear()
    os.environ.update(before)


def add_branch(writer: Writer, branch_no: str, name: str, posts: Sequence[tuple[str, str, str]]) -> None:
    """A branch and its people, and those of head office: (staff number, role, branch)."""
    add, session = writer.session.add, writer.session
    add(Branch(branch_no=branch_no, name=name))
    session.flush()
    for no, role, branch in posts:
        add(Staff(staff_no=no, name=f"员工{no}", branch_no=branch or None, email=f"{no}@bank.test"))
        session.flush()
        add(StaffRole(staff_no=no, role=role))


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home: Path = tmp_path_factory.mktemp("installation")
    before = dict(os.environ)
    os.environ.update(
        POSTLOAN_POLICY=str(REPOSITORY / "policy.toml"),
        POSTLOAN_HOME=str(home),
        POSTLOAN_BOOK=f"sqlite:///{home / 'book.db'}",
        PREFECT_HOME=str(home / "prefect"),
    )
    office = Office.open()
    migrate.upgrade(office.book)
    staff_and_loans(
        office.book, {no: office.today - timedelta(days=5) for no in LOANS}, vault=office.vault, officer_each=True
    )
    with Sinks(home / "messages") as sinks:
        os.environ.update(sinks.environment())
        stack = Stack(home, free_port())
        # Heartbeats off for the flows that tests run in this process: each waits for the thread of its heartbeat.
        with running(stack), speaking_to(stack), temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            yield Installation(Office.open(), stack, sinks, office.today)
            # What flows said in this process is sent while there is a server, or the process waits for it in the end.
            APILogWorker.drain_all()
            EventsWorker.drain_all()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def first_round(installation: Installation) -> dict[str, Any]:
    """The first round of the installation, with what it did: one for all files, whichever comes first."""
    return daily_round(return_state=True).result(raise_on_failure=False)
