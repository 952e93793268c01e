"""Runs a case's flow in this process against the real server, a step at a time: no worker has to start one.

Where a test is about what a path asks, decides and enters, it need not wait for processes; the
worker, its faults and the messages have tests of their own.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import Any

import yaml
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow
from prefect.states import Pending

from cli.demo import _able, _resume, _until, unused_code
from postloan.book import cases, people
from postloan.book.tables import HumanTask
from postloan.rules.duties_apart import signatories
from postloan.settings import REPOSITORY
from tasks.runs import deployment_of
from tests.e2e.conftest import Installation

ENTRYPOINTS: dict[str, str] = {
    deployment["name"]: deployment["entrypoint"]
    for deployment in yaml.safe_load((REPOSITORY / "prefect.yaml").read_text())["deployments"]
}


def flow_of(kind: str) -> Flow[..., Any]:
    """The flow that the deployment of a kind of cases runs."""
    file, name = ENTRYPOINTS[deployment_of(kind).rpartition("/")[2]].split(":")
    return getattr(import_module(file.removesuffix(".py").replace("/", ".")), name)


class Clerk:
    """Carries one case from question to question."""

    def __init__(self, here: Installation, case_no: str) -> None:
        self.here, self.case_no = here, case_no
        with here.office.book.read() as session:
            self.kind = cases.get(session, case_no).kind
        self.flow = flow_of(self.kind)
        with get_client(sync_client=True) as client:
            # Only a run of a deployment can be suspended; this one has no pool, so that no worker takes it.
            deployment = client.create_deployment(client.create_flow(self.flow), name="clerk")
            made = client.create_flow_run_from_deployment(
                deployment, parameters={"case_no": case_no}, state=Pending(), name=case_no
            )
            self.run_id = made.id
        self.go_on()

    def go_on(self) -> None:
        """Run the flow from the top, as a worker would, until it waits again or ends."""
        with get_client(sync_client=True) as client:
            run = client.read_flow_run(self.run_id)
        with suppress(Pause):
            run_flow(self.flow, flow_run=run, parameters={"case_no": self.case_no}, return_type="state")

    def waits_at(self) -> set[str]:
        with self.here.office.book.read() as session:
            return {key.rsplit("-", 1)[0] for key in cases.open_questions(session, self.case_no)}

    def able(self, task: HumanTask) -> str:
        """Somebody who may answer."""
        if self.here.office.policy.signing.codes:
            return _until(lambda: _able(self.here.office, task), f"somebody who can sign {task.case_no} {task.step}")
        with self.here.office.book.read() as session:
            others = cases.barred(session, task.case_no, task.duty)
            everyone = people.everyone(session, self.here.office.today)
            return min(signatories(cases.mandate_of(task), everyone, others), default="")

    def answer(self, step: str, *, staff_no: str = "", **fields: Any) -> str:
        """Answer as somebody who may (or as `staff_no`); gives "" if accepted, else why not."""
        with self.here.office.book.read() as session:
            task = cases.open_task(session, self.case_no, step)
        assert task is not None, f"{self.case_no} waits at {self.waits_at()}, not at {step}"
        who = staff_no or self.able(task)
        assert who, f"nobody can answer {step}"
        signed = fields | {"staff_no": who}
        if self.here.office.policy.signing.codes:
            signed["code"] = _until(lambda: unused_code(self.here.office, who), f"a code that {who} has not used yet")
        _until(lambda: _resume(self.here.office, self.case_no, step, signed), f"{self.case_no} {step} to be resumed")
        self.go_on()
        with self.here.office.book.read() as session:
            refused = cases.last_refusal(session, self.case_no, step)
            done = cases.result(session, self.case_no, step)
        return "" if done is not None or refused is None else refused.reason
