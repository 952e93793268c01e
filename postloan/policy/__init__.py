"""What the institution has laid down: policy.toml, validated, explained and dated.

Every key has a rule id, a source and a unit; they stand in the models below, so that
`postloan policy explain KEY` can show them. Any value may be given by the date from which it
holds::

    days = [{ from = 2020-01-01, value = 10 }, { from = 2026-01-01, value = 15 }]

Before the first date, the first value holds. `PolicyFile.at(day)` gives the plain values in force
on a day. A case keeps the version that it
was opened with.
"""

from postloan.policy.file import PolicyFile, completed, explain, from_json, load
from postloan.policy.sections import Policy

__all__ = ["Policy", "PolicyFile", "completed", "explain", "from_json", "load"]
