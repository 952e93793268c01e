"""The machine's step of a supervision: the sample, drawn once."""

from __future__ import annotations

from prefect import task

from postloan.book import cases, supervision
from postloan.rules.supervision import sample
from tasks.office import Office


@task(name="draw-sample")
def draw_sample(case_no: str) -> list[str]:
    """SUP-1: the loans of the branch to inspect, by the policy's rule and seed; kept for the whole case."""
    office = Office.open()
    with office.book.write(origin="draw-sample") as writer:
        case = cases.get(writer.session, case_no)
        done = cases.result(writer.session, case_no, "sample")
        if done is not None:
            return list(done.result["loans"])
        rule = office.policy_of(writer.session, case).supervision
        drawn = sample(
            supervision.candidates(writer.session, case.branch_no, case.anchor_on),
            share=rule.sample_share,
            at_least=rule.sample_min,
            at_most=rule.sample_max,
            seed=rule.seed,
            case_no=case_no,
        )
        return list(cases.finish_step(writer, case, "sample", {"loans": drawn, "seed": rule.seed})["loans"])
