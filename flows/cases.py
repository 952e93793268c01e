"""Cases that people open: an extension asked for, a receipt to enter, collection to prepare, a loan to work out."""

from __future__ import annotations

from typing import Literal

from prefect import flow
from prefect.states import Completed, Failed, State
from pydantic import Field

from postloan.book import cases, loans
from postloan.errors import PostloanError
from tasks import runs
from tasks.office import Office


@flow(name="open-case", flow_run_name="立案 {kind} {loan_no}", retries=0)
def open_case(
    kind: Literal[
        "extension",
        "receipt",
        "collection_preparation",
        "title_release",
        "clock_pause",
        "workout_transfer",
        "responsibility_determination",
        "workout",
        "preservation",
        "write_off",
    ] = Field(
        description="extension 展期, receipt 收款登记, collection_preparation 催收准备, "
        "title_release 权证交还, clock_pause 暂停计时, workout_transfer 移交处置, "
        "responsibility_determination 责任认定, workout 不良处置, preservation 诉讼保全, write_off 核销",
        json_schema_extra={"title": "种类 Kind"},
    ),
    loan_no: str = Field(
        description="The loan that the case is on.", json_schema_extra={"title": "借据号 Loan number"}
    ),
) -> State:
    """Open a case on a loan and start its run."""
    office = Office.open()
    try:
        with office.book.write(origin=f"flow-run {runs.current_run_id()}") as writer:
            loan = loans.get(writer.session, loan_no.strip())
            case = cases.open_by_hand(writer, office.policy_file, kind, loan, office.today)
        runs.start(office, case)
    except PostloanError as error:
        return Failed(name="Refused", message=str(error))
    return Completed(message=f"{case.case_no} is open")
