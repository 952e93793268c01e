"""Errors for people: each says what was wrong, where, and what to do about it."""

from __future__ import annotations


class PostloanError(Exception):
    """Something was refused. The message is for a person and is shown without a traceback."""


class NotFound(PostloanError):
    """A loan, case, notice or person that the book does not know."""


class PolicyError(PostloanError):
    """A policy file that cannot be followed: names the key, the value and what is allowed."""


class CalendarError(PostloanError):
    """A date for which the calendar of working days is not known."""


class FeedError(PostloanError):
    """A feed that was refused as a whole.

    Attributes:
        faults: the first faults found, each with row, column and reason.
        count: how many faults there are in all.
    """

    def __init__(self, message: str, faults: list | None = None, count: int | None = None) -> None:
        super().__init__(message)
        self.faults = faults or []
        self.count = len(self.faults) if count is None else count


class BookError(PostloanError):
    """The book cannot be reached, or is not of this version."""
