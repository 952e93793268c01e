"""The installation that a process works for: its book, policy, settings and templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from sqlmodel import Session

from postloan import policy, settings
from postloan.book import Book, cases
from postloan.book.people import Vault
from postloan.book.tables import Case
from postloan.policy import Policy, PolicyFile
from postloan.rendering import Renderer
from postloan.settings import Settings


@dataclass(frozen=True)
class Office:
    """An installation. `policy_file` is today's policy; a case finishes under its own."""

    book: Book
    settings: Settings

    @classmethod
    def open(cls, chosen: Settings | None = None) -> Office:
        """The installation that the environment names."""
        chosen = chosen or settings.load()
        return cls(Book(chosen.book_url), chosen)

    @cached_property
    def policy_file(self) -> PolicyFile:
        return policy.load(self.settings.policy)

    @cached_property
    def vault(self) -> Vault:
        return Vault.at(self.settings.home.expanduser(), self.settings.secret_key.get_secret_value())

    @cached_property
    def renderer(self) -> Renderer:
        return Renderer(self.settings.templates)

    @property
    def policy(self) -> Policy:
        """The policy in force today."""
        return self.policy_file.at(self.today)

    @property
    def now(self) -> datetime:
        """This moment, in the institution's time zone."""
        return self.local(self.book.clock())

    @property
    def today(self) -> date:
        """The institution's day, in the policy's time zone."""
        now = self.book.clock()
        # The zone itself may not depend on the day: any day's policy names it.
        return now.astimezone(self.policy_file.at(now.date()).time_zone).date()

    def policy_of(self, session: Session, case: Case) -> Policy:
        """The values that a case finishes under: its policy version, as in force when it was opened."""
        kept = cases.policy_of(session, case)
        return policy.completed(kept, self.policy_file).at(case.opened_on)

    def local(self, moment: datetime) -> datetime:
        """A moment in the institution's time zone."""
        return moment.astimezone(self.policy.time_zone)
