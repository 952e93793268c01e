"""docs/feeds.md names what is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from postloan.feeds.kinds import KINDS

DOC = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text()


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_column_and_header_is_documented(kind) -> None:  # type: ignore[no-untyped-def]
    section = DOC.split(f"### {kind.name}\n")[1].split("\n### ")[0]
    assert f"Recognised by {' + '.join(kind.keys)}." in section
    for column in kind.columns:
        row = next(line for line in section.splitlines() if line.startswith(f"| `{column.name}` |"))
        assert row.split("|")[3].strip() == "、".join(column.also.split())
        assert ("yes" in row.split("|")[2]) == column.required
