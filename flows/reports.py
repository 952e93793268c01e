"""The pack of the monthly post-loan meeting (贷后管理例会材料), how officers and branches did (PER-1), and the month's
delinquency (逾期管理月报)."""

from __future__ import annotations

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed, State
from pydantic import Field

from postloan.reports.period import finished
from tasks import reports
from tasks.office import Office


def _month_of_run() -> str:
    return flow_run.parameters.get("month") or str(finished(None, Office.open().today))


def _name_of_run() -> str:
    return f"例会材料 {_month_of_run()}"


def _name_of_delinquency_run() -> str:
    return f"逾期月报 {_month_of_run()}"


@flow(name="monthly-pack", flow_run_name=_name_of_run, retries=0)
def monthly_pack(
    month: str | None = Field(
        None,
        description="A month that is over. Its pack is archived once; made again, the archived one stays.",
        json_schema_extra={"title": "月份 Month, as 2026-03 (empty: the one before today's)"},
    ),
) -> State:
    """Work out the month, archive the pack as page, PDF and workbook, and publish its figures."""
    office = Office.open()
    wanted = finished(month, office.today)
    numbers = reports.archive_pack(str(wanted))
    reports.publish(office, reports.made(office, wanted), numbers)
    return Completed(message=f"{wanted}: {', '.join(numbers)}")


@flow(name="delinquency-pack", flow_run_name=_name_of_delinquency_run, retries=0)
def delinquency_pack(
    month: str | None = Field(
        None,
        description="A month that is over. Its pack is archived once; made again, the archived one stays.",
        json_schema_extra={"title": "月份 Month, as 2026-03 (empty: the one before today's)"},
    ),
) -> State:
    """Work out the month's ageing, roll rates, cures, vintages, promises and recoveries; archive and publish them."""
    office = Office.open()
    wanted = finished(month, office.today)
    numbers = reports.archive_delinquency(str(wanted))
    reports.publish_delinquency(office, reports.made_of_delinquency(office, wanted), numbers)
    return Completed(message=f"{wanted}: {', '.join(numbers)}")
