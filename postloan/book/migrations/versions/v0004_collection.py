"""Collection and the non-performing workout"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from postloan.book import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MEASURES = (
    "voluntary",
    "repayment_plan",
    "restructuring",
    "collateral",
    "guarantor",
    "preservation",
    "litigation",
    "enforcement",
    "debt_transfer",
    "debt_assumption",
    "rescue_loan",
    "write_off",
)
MEASURE = f"measure IN ({', '.join(repr(m) for m in MEASURES)})"


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "contact_person",
        sa.Column("person_no", text(), nullable=False),
        sa.Column("borrower_no", text(), nullable=False),
        sa.Column("name", text(), nullable=False),
        sa.Column("relation", text(), nullable=False),
        sa.Column("phone", text(), nullable=False),
        sa.Column("debtor", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["borrower_no"],
            ["borrower.borrower_no"],
        ),
        sa.PrimaryKeyConstraint("person_no"),
    )
    with op.batch_alter_table("contact_person", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_person_borrower_no"), ["borrower_no"], unique=False)

    op.create_table(
        "stage",
        sa.Column("loan_no", text(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("stage", text(), nullable=False),
        sa.Column("days_past_due", sa.Integer(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("loan_no", "entered_on"),
    )
    with op.batch_alter_table("stage", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stage_stage"), ["stage"], unique=False)

    op.create_table(
        "contact_stop",
        sa.Column("stop_no", text(), nullable=False),
        sa.Column("role", text(), nullable=False),
        sa.Column("person_no", text(), nullable=False),
        sa.Column("kind", text(), nullable=False),
        sa.Column("channel", text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("document", text(), nullable=False),
        sa.Column("detail", text(), nullable=False),
        sa.Column("case_no", text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('opt_out', 'deceased', 'incapacitated', 'hospitalised', 'represented', 'disputed', "
            "'cease', 'refused', 'workplace_refused', 'workplace_agreed', 'lost', 'hours_agreed', "
            "'electronic_consent')",
            name="ck_kind",
        ),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.PrimaryKeyConstraint("stop_no"),
    )
    with op.batch_alter_table("contact_stop", schema=None) as batch_op:
        batch_op.create_index("ix_contact_stop", ["role", "person_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_contact_stop_case_no"), ["case_no"], unique=False)

    op.create_table(
        "diagnosis",
        sa.Column("diagnosis_no", text(), nullable=False),
        sa.Column("loan_no", text(), nullable=False),
        sa.Column("diagnosed_on", sa.Date(), nullable=False),
        sa.Column("cause", text(), nullable=False),
        sa.Column("measures", sa.JSON(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("case_no", text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("diagnosis_no"),
    )
    with op.batch_alter_table("diagnosis", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_diagnosis_case_no"), ["case_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_diagnosis_loan_no"), ["loan_no"], unique=False)

    op.create_table(
        "disposal_option",
        sa.Column("case_no", text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("loan_no", text(), nullable=False),
        sa.Column("measure", text(), nullable=False),
        sa.Column("expected", types.Money(), nullable=False),
        sa.Column("cost", types.Money(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("state", text(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.CheckConstraint(MEASURE, name="ck_measure"),
        sa.CheckConstraint("state IN ('compared', 'approved', 'done', 'failed')", name="ck_state"),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("case_no", "number"),
    )
    with op.batch_alter_table("disposal_option", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_disposal_option_loan_no"), ["loan_no"], unique=False)

    op.create_table(
        "milestone",
        sa.Column("case_no", text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("loan_no", text(), nullable=False),
        sa.Column("measure", text(), nullable=False),
        sa.Column("name", text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("rule", text(), nullable=False),
        sa.Column("state", text(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("document", text(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.CheckConstraint(MEASURE, name="ck_measure"),
        sa.CheckConstraint("state IN ('planned', 'done', 'postponed', 'dropped')", name="ck_state"),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("case_no", "number"),
    )
    with op.batch_alter_table("milestone", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_milestone_due_on"), ["due_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_milestone_loan_no"), ["loan_no"], unique=False)

    op.create_table(
        "pause",
        sa.Column("pause_no", text(), nullable=False),
        sa.Column("loan_no", text(), nullable=False),
        sa.Column("reason", text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("document", text(), nullable=False),
        sa.Column("case_no", text(), nullable=True),
        sa.CheckConstraint("reason IN ('moratorium', 'dispute', 'disaster', 'other')", name="ck_reason"),
        sa.CheckConstraint("from_on <= until_on", name="ck_pause_order"),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("pause_no"),
    )
    with op.batch_alter_table("pause", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pause_case_no"), ["case_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_pause_loan_no"), ["loan_no"], unique=False)

    op.create_table(
        "promise",
        sa.Column("promise_no", text(), nullable=False),
        sa.Column("loan_no", text(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount", types.Money(), nullable=False),
        sa.Column("state", text(), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("case_no", text(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'kept', 'broken', 'superseded')", name="ck_state"),
        sa.CheckConstraint("amount > 0", name="ck_promise_amount"),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("promise_no"),
    )
    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_promise_case_no"), ["case_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_promise_loan_no"), ["loan_no"], unique=False)
        batch_op.create_index("ix_promise_state", ["state", "due_on"], unique=False)

    op.create_table(
        "recovery",
        sa.Column("receipt_no", text(), nullable=False),
        sa.Column("loan_no", text(), nullable=False),
        sa.Column("measure", text(), nullable=False),
        sa.Column("attributed_on", sa.Date(), nullable=False),
        sa.Column("case_no", text(), nullable=True),
        sa.CheckConstraint(MEASURE, name="ck_measure"),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.ForeignKeyConstraint(
            ["receipt_no"],
            ["repayment.receipt_no"],
        ),
        sa.PrimaryKeyConstraint("receipt_no"),
    )
    with op.batch_alter_table("recovery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recovery_case_no"), ["case_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_recovery_loan_no"), ["loan_no"], unique=False)

    op.create_table(
        "recovery_cost",
        sa.Column("cost_no", text(), nullable=False),
        sa.Column("loan_no", text(), nullable=False),
        sa.Column("measure", text(), nullable=False),
        sa.Column("incurred_on", sa.Date(), nullable=False),
        sa.Column("amount", types.Money(), nullable=False),
        sa.Column("detail", text(), nullable=False),
        sa.Column("case_no", text(), nullable=True),
        sa.CheckConstraint(MEASURE, name="ck_measure"),
        sa.CheckConstraint("amount > 0", name="ck_recovery_cost_amount"),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("cost_no"),
    )
    with op.batch_alter_table("recovery_cost", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recovery_cost_case_no"), ["case_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_recovery_cost_loan_no"), ["loan_no"], unique=False)

    op.create_table(
        "responsibility",
        sa.Column("case_no", text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("loan_no", text(), nullable=False),
        sa.Column("person", text(), nullable=False),
        sa.Column("part", text(), nullable=False),
        sa.Column("degree", text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("determined_on", sa.Date(), nullable=False),
        sa.Column("determined_by", text(), nullable=False),
        sa.Column("handed_over_on", sa.Date(), nullable=True),
        sa.CheckConstraint("degree IN ('none', 'minor', 'major', 'full')", name="ck_degree"),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["determined_by"],
            ["staff.staff_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("case_no", "number"),
    )
    with op.batch_alter_table("responsibility", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_responsibility_determined_by"), ["determined_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_responsibility_loan_no"), ["loan_no"], unique=False)

    op.create_table(
        "transfer",
        sa.Column("case_no", text(), nullable=False),
        sa.Column("loan_no", text(), nullable=False),
        sa.Column("transferred_on", sa.Date(), nullable=False),
        sa.Column("ground", text(), nullable=False),
        sa.Column("principal", types.Money(), nullable=False),
        sa.Column("interest", types.Money(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.Column("handed_by", text(), nullable=False),
        sa.Column("taken_by", text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["handed_by"],
            ["staff.staff_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.ForeignKeyConstraint(
            ["taken_by"],
            ["staff.staff_no"],
        ),
        sa.PrimaryKeyConstraint("case_no"),
    )
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transfer_handed_by"), ["handed_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfer_loan_no"), ["loan_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfer_taken_by"), ["taken_by"], unique=False)

    op.create_table(
        "write_off",
        sa.Column("case_no", text(), nullable=False),
        sa.Column("loan_no", text(), nullable=False),
        sa.Column("written_off_on", sa.Date(), nullable=False),
        sa.Column("ground", text(), nullable=False),
        sa.Column("principal", types.Money(), nullable=False),
        sa.Column("interest", types.Money(), nullable=False),
        sa.Column("authority", text(), nullable=False),
        sa.Column("document", text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("case_no"),
        sa.UniqueConstraint("loan_no"),
    )
    op.create_table(
        "contact",
        sa.Column("contact_no", text(), nullable=False),
        sa.Column("loan_no", text(), nullable=False),
        sa.Column("borrower_no", text(), nullable=False),
        sa.Column("role", text(), nullable=False),
        sa.Column("person_no", text(), nullable=False),
        sa.Column("channel", text(), nullable=False),
        sa.Column("address", text(), nullable=False),
        sa.Column("purpose", text(), nullable=False),
        sa.Column("agent", text(), nullable=False),
        sa.Column("contact_at", types.Moment(timezone=True), nullable=False),
        sa.Column("permitted", sa.Boolean(), nullable=False),
        sa.Column("rule", text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("allowed_from", types.Moment(timezone=True), nullable=True),
        sa.Column("result", text(), nullable=False),
        sa.Column("conversed", sa.Boolean(), nullable=False),
        sa.Column("noted_at", types.Moment(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("case_no", text(), nullable=True),
        sa.Column("notice_no", text(), nullable=True),
        sa.CheckConstraint("channel IN ('call', 'sms', 'email', 'letter', 'visit')", name="ck_channel"),
        sa.CheckConstraint(
            "role IN ('borrower', 'guarantor', 'mortgagor', 'pledgor', "
            "'consignor', 'co_debtor', 'heir', 'attorney', 'third_party')",
            name="ck_role",
        ),
        sa.ForeignKeyConstraint(
            ["borrower_no"],
            ["borrower.borrower_no"],
        ),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.ForeignKeyConstraint(
            ["notice_no"],
            ["notice.notice_no"],
        ),
        sa.PrimaryKeyConstraint("contact_no"),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index("ix_contact_address", ["address"], unique=False)
        batch_op.create_index(batch_op.f("ix_contact_case_no"), ["case_no"], unique=False)
        batch_op.create_index("ix_contact_debtor", ["borrower_no", "contact_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_contact_loan_no"), ["loan_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_contact_notice_no"), ["notice_no"], unique=False)
        batch_op.create_index("ix_contact_with", ["role", "person_no"], unique=False)
