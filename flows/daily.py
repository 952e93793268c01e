"""The daily round, and the upkeep between rounds.

Both can be run at any time, any number of times: what is done already is not done again.
"""

from __future__ import annotations

from datetime import date

from prefect import flow, get_run_logger, task
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State
from pydantic import Field

from tasks import digest, notices, runs
from tasks.office import Office
from tasks.round import DayResult, work_out


def _name_of_round() -> str:
    return f"每日巡检 {flow_run.parameters.get('day') or Office.open().today}"


@flow(name="daily-round", flow_run_name=_name_of_round, retries=0)
def daily_round(
    day: date | None = Field(
        None,
        description="Days missed before it are caught up on.",
        json_schema_extra={"title": "日期 Day (empty: today)"},  # Prefect takes a title from there only
    ),
) -> State:
    """Open the cases that fell due, remind and escalate, start and heal their runs, send, report."""
    office = Office.open()
    done = carry_out(office, day or office.today)
    message = (
        f"{done.date}: {done.opened} opened, {done.reminders} reminders, {done.escalations} escalations, "
        f"{done.started} started, {done.healed} healed"
    )
    if done.alarms:
        return Failed(name="Alarm", message=f"{message}; ALARM: {'; '.join(done.alarms[:5])}", data=done.as_json())
    return Completed(message=message, data=done.as_json())


def carry_out(office: Office, day: date) -> DayResult:
    """The round for one day, inside a flow run."""
    done = work_out(office, day)
    runs.end_by_number(office, done.ended_cases, "nothing is past due any more")
    health = runs.heal(office)
    delivery = notices.deliver_due(office)
    done.started, done.healed = health.started, health.replaced
    done.alarms, done.reports = health.alarms, health.reports
    done.notices_sent = delivery.sent
    digest.publish(office, day, done)
    logger = get_run_logger()
    for warning in done.warnings:
        logger.warning(warning)
    for line in (*done.reports, *done.alarms):
        logger.warning(line)
    return done


@flow(name="upkeep", flow_run_name="维护", retries=0)
def upkeep() -> State:
    """Between rounds: give every open case a live run, and send what waits in the outbox."""
    health = heal_cases()
    delivery = notices.deliver()
    message = f"{health.started} started, {health.replaced} replaced, {delivery.sent} notices sent"
    if health.alarms:
        return Failed(name="Alarm", message=f"{message}; ALARM: {'; '.join(health.alarms[:5])}")
    return Completed(message=message)


@task(name="heal-cases")
def heal_cases() -> runs.Health:
    """Give every open case a live run."""
    return runs.heal(Office.open())
