"""What to do about the run of an open case: the case must never be left without a live one."""

from __future__ import annotations

from dataclasses import dataclass

TERMINAL = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
WAITING_TO_START = frozenset({"SCHEDULED", "PENDING"})
AT_WORK = frozenset({"RUNNING", "CANCELLING"})


@dataclass(frozen=True)
class Run:
    """What Prefect says of a run.

    Attributes:
        state: the state's type, upper case.
        minutes: how long it has been in that state.
        form_saved: the form of a paused run is there, so that it can be answered.
        expired: a paused run's time to be answered is over.
        asks_open_question: the book still waits for the answer that a paused run asks for.
    """

    state: str
    minutes: float = 0.0
    form_saved: bool = True
    expired: bool = False
    asks_open_question: bool = True


@dataclass(frozen=True)
class Verdict:
    """`action` is "leave", "start", "replace" or "report"; `alarm` marks what only tampering or an
    error of ours explains."""

    action: str
    why: str = ""
    alarm: bool = False


def verdict(run: Run | None, *, had_run: bool, stale_minutes: int, late_start_minutes: int) -> Verdict:
    """What to do about an open case whose run is `run` (None: Prefect does not know one)."""
    if run is None:
        return Verdict("replace", "the run was deleted") if had_run else Verdict("start", "no run yet")
    if run.state == "COMPLETED":
        return Verdict("replace", "the run is Completed while its case is open", alarm=True)
    if run.state in TERMINAL:
        return Verdict("replace", f"the run ended {run.state.capitalize()}")
    if run.state == "PAUSED":
        if not run.form_saved:
            return Verdict("replace", "the run was suspended without its form")
        if run.expired:
            return Verdict("replace", "the suspension expired")
        if not run.asks_open_question:
            return Verdict("replace", "the run asks what is answered already")
        return Verdict("leave")
    if run.state in AT_WORK and run.minutes > stale_minutes:
        return Verdict("replace", f"the run has been at work for {run.minutes:.0f} minutes: its process is lost")
    if run.state == "PENDING" and run.minutes > stale_minutes:
        return Verdict("replace", f"the run was taken {run.minutes:.0f} minutes ago and never began")
    if run.state in WAITING_TO_START and run.minutes > late_start_minutes:
        return Verdict("report", f"no worker takes the run ({run.minutes:.0f} minutes)")
    return Verdict("leave")
