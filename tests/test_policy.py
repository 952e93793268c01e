"""The policy: what is refused and how it says so, dated values, what extends what."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from postloan import policy
from postloan.errors import PolicyError
from tests.conftest import ROOT


def extended(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(f'extends = "{ROOT / "policy.toml"}"\n{text}')
    return file


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[inspection.first]\ndays = -3", r"inspection\.first\.days = -3: .*greater than or equal to 1"),
        ("[inspection.first]\ndays = 'soon'", r"inspection\.first\.days = 'soon'.*integer"),
        ("[inspection.first]\ndayz = 3", r"inspection\.first\.dayz: there is no such key"),
        ("[institution]\ntime_zone = 'Mars'", r"institution\.time_zone = 'Mars'.*Asia/Shanghai"),
        ("[inspection.first]\nmethods = ['drone']", r"methods\.0 = 'drone'.*on_site"),
        ("[calendar]\ncountry = 'ZZ'", r"'ZZ'.*ISO code"),
        ("x = [", "not valid TOML"),
        ("[inspection.first]\ndays = true", r"inspection\.first\.days = True"),
        ("[inspection.first]\ndays = '15'", r"inspection\.first\.days = '15'"),
        ("[signing]\ncodes = 0", r"signing\.codes = 0"),
        ("[signals]\nserious = ['litigatoin']", r"litigatoin.*one of misuse_of_proceeds"),
        ("[tasks.escalate_to]\naccount_officer = 'boss'", r"boss.*credit_supervisor"),
        ("[proceeds]\ntiers = [{ risk = 'low', levels = ['risk_control'] }]", "last tier without up_to"),
        ("[classification]\nsubstandard_days = 400", r"more days for each worse"),
        ("[contact.hours]\ncall = ['07:00-22:00']", r"contact\.hours.*call within 08:00-22:00.*CN.*not 07:00-22:00"),
        ("[contact.hours]\nsms = ['08:00-22:01']", r"sms within 08:00-22:00"),
        ("[contact.hours]\ncall = ['21:00-08:00']", r"call within 08:00-22:00"),
        ("[contact]\nlaw = 'US'", r"call within 08:00-21:00"),
        ("[contact]\nlaw = 'XX'", r"contact\.law = 'XX'"),
        ("[contact.hours]\ncall = ['8-22']", r"contact\.hours\.call\.0 = '8-22'"),
        ("[contact.hours]\nfax = ['08:00-22:00']", r"contact\.hours\.fax.*'call'"),
        ("[contact.days]\nfax = 'all'", r"contact\.days\.fax"),
        ("[contact]\nown_caps = [{ channels = ['fax'], most = 1 }]", r"own_caps\.0\.channels\.0 = 'fax'"),
        ("[contact]\ncaps = [{ channels = ['call'], most = 0 }]", r"caps\.0\.most = 0"),
        ("[contact]\nthird_parties = 'always'", r"contact\.third_parties = 'always'"),
        ("[calendar]\nextra_holidays = [2026-05-02]\nextra_workdays = [2026-05-02]", "not both"),
        ("[ticklers.work_log]\ntitle='x'\nrule='x'\nyearly=['01-01']\nopens_days_before=1", "another name"),
        ("[inspection.first]\ndays = [{ from = '2026-02-30', value = 3 }]", r"days: from = '2026-02-30' is not a date"),
        ("[inspection.first]\ndays = [{ from = 2020, value = 3 }]", r"from = 2020 is not a date"),
        ("[inspection.first]\ndays = [{ from = 2026-01-01, worth = 3 }]", r"a dated value is"),
        (
            "[inspection.first]\ndays = [{ from = 2026-01-01, value = 3 }, { from = 2026-01-01, value = 4 }]",
            "two values from 2026-01-01",
        ),
    ],
)
def test_a_wrong_policy_is_refused_with_key_value_and_what_is_allowed(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        policy.load(extended(tmp_path, text))


def test_a_missing_file_and_a_circle_are_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no policy file"):
        policy.load(tmp_path / "none.toml")
    (tmp_path / "c.toml").write_text("extends = 5")
    with pytest.raises(PolicyError, match="extends = 5; allowed: the name"):
        policy.load(tmp_path / "c.toml")
    (tmp_path / "d.toml").write_text('\ufeffextends = "policy.toml"', encoding="utf-8")
    assert policy.load(tmp_path / "d.toml").at(date.today()), "the program's own is found from anywhere"
    (tmp_path / "a.toml").write_text('extends = "b.toml"')
    (tmp_path / "b.toml").write_text('extends = "a.toml"')
    with pytest.raises(PolicyError, match="extends itself"):
        policy.load(tmp_path / "a.toml")


def test_values_hold_from_their_date_on(tmp_path: Path) -> None:
    dated = "[inspection.first]\ndays = [{ from = 2020-01-01, value = 10 }, { from = 2026-01-01, value = 15 }]"
    file = policy.load(extended(tmp_path, dated))
    assert file.at(date(2025, 12, 31)).inspection.first.days == 10
    assert file.at(date(2026, 1, 1)).inspection.first.days == 15
    assert file.at(date(2019, 12, 31)).inspection.first.days == 10, "before the first date the first value holds"
    assert [p[0] for p in file.periods(["contact"])] == [date.min, date(2020, 1, 1), date(2026, 1, 1)]
    assert [p[0] for p in file.periods()] == [
        date.min, date(2020, 1, 1), date(2025, 2, 28), date(2026, 1, 1), date(2026, 1, 30)
    ]  # fmt: skip
    again = policy.from_json(file.as_json())
    assert again.version == file.version
    assert again.at(date(2025, 6, 1)).inspection.first.days == 10


def test_every_key_has_a_rule_and_a_source() -> None:
    def walk(model: type, prefix: str) -> None:
        for name, field in model.model_fields.items():
            if hasattr(field.annotation, "model_fields"):
                walk(field.annotation, f"{prefix}{name}.")
            elif name in ("kinds", "ticklers"):
                walk(field.annotation.__args__[1], f"{prefix}{name}.any.")
            else:
                explained = policy.explain(f"{prefix}{name}")
                assert explained["rule"] and explained["source"], f"{prefix}{name}"

    walk(policy.Policy, "")
    with pytest.raises(PolicyError, match=r"inspection\.first\.days"):
        policy.explain("inspection.first.dayz")


def test_the_rounds_schedule_is_in_the_institutions_time_zone() -> None:
    zone = policy.load(ROOT / "policy.toml").at(date.today()).institution.time_zone
    text = (ROOT / "prefect.yaml").read_text()
    assert text.count("timezone:") == text.count(f"timezone: {zone}") > 0
