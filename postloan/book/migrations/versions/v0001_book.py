"""The book"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from postloan.book import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", types.Moment(), nullable=False),
        sa.Column("event", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("origin", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("policy_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("previous", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("hash"),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_event_event"), ["event"], unique=False)
        batch_op.create_index("ix_audit_subject", ["loan_no", "case_no"], unique=False)

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_one_head"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "branch",
        sa.Column("branch_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("branch_no"),
    )
    op.create_table(
        "collateral",
        sa.Column("collateral_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("owner", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("value", types.Money(), nullable=False),
        sa.Column("valued_on", sa.Date(), nullable=False),
        sa.Column("title_document", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("insured_until", sa.Date(), nullable=True),
        sa.Column("valuation_due", sa.Date(), nullable=True),
        sa.CheckConstraint("value >= 0", name="ck_collateral_value"),
        sa.PrimaryKeyConstraint("collateral_no"),
    )
    op.create_table(
        "feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("file_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("mapping_sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("taken_at", types.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feed_sha256"), ["sha256"], unique=False)

    op.create_table(
        "guarantor",
        sa.Column("guarantor_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("phone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("guarantor_no"),
    )
    op.create_table(
        "partner",
        sa.Column("partner_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("partner_no"),
    )
    op.create_table(
        "policy_version",
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("first_used_at", types.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "round_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("done_by", sa.Date(), nullable=False),
        sa.Column("done_at", types.Moment(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "borrower",
        sa.Column("borrower_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("phone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("rating", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("segment", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("branch_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("legal_representative", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("licence_until", sa.Date(), nullable=True),
        sa.CheckConstraint("kind IN ('corporate', 'small_enterprise', 'personal')", name="ck_kind"),
        sa.ForeignKeyConstraint(
            ["branch_no"],
            ["branch.branch_no"],
        ),
        sa.PrimaryKeyConstraint("borrower_no"),
    )
    with op.batch_alter_table("borrower", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_borrower_branch_no"), ["branch_no"], unique=False)

    op.create_table(
        "partner_position",
        sa.Column("partner_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("outstanding", types.Money(), nullable=False),
        sa.Column("non_performing", types.Money(), nullable=False),
        sa.Column("compensated", types.Money(), nullable=False),
        sa.CheckConstraint("outstanding >= 0 AND non_performing >= 0 AND compensated >= 0", name="ck_partner_position"),
        sa.ForeignKeyConstraint(
            ["partner_no"],
            ["partner.partner_no"],
        ),
        sa.PrimaryKeyConstraint("partner_no", "as_of"),
    )
    op.create_table(
        "staff",
        sa.Column("staff_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("branch_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("phone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("deputy_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("code_secret", sa.LargeBinary(), nullable=True),
        sa.Column("failed_codes", sa.Integer(), nullable=False),
        sa.Column("locked_until", types.Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["branch_no"],
            ["branch.branch_no"],
        ),
        sa.ForeignKeyConstraint(
            ["deputy_no"],
            ["staff.staff_no"],
        ),
        sa.PrimaryKeyConstraint("staff_no"),
    )
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_branch_no"), ["branch_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_staff_deputy_no"), ["deputy_no"], unique=False)

    op.create_table(
        "absence",
        sa.Column("staff_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.CheckConstraint("from_on <= until_on", name="ck_absence_order"),
        sa.ForeignKeyConstraint(
            ["staff_no"],
            ["staff.staff_no"],
        ),
        sa.PrimaryKeyConstraint("staff_no", "from_on"),
    )
    op.create_table(
        "borrower_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("borrower_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("field", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["borrower_no"],
            ["borrower.borrower_no"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("borrower_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_borrower_change_borrower_no"), ["borrower_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_borrower_change_changed_on"), ["changed_on"], unique=False)

    op.create_table(
        "group_member",
        sa.Column("borrower_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("group_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("circle", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["borrower_no"],
            ["borrower.borrower_no"],
        ),
        sa.PrimaryKeyConstraint("borrower_no"),
    )
    with op.batch_alter_table("group_member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_group_member_group_no"), ["group_no"], unique=False)

    op.create_table(
        "loan",
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("borrower_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("principal", types.Money(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("annual_rate", types.Rate(), nullable=False),
        sa.Column("day_count", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("repayment", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("security", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("disbursed_on", sa.Date(), nullable=False),
        sa.Column("first_drawdown_on", sa.Date(), nullable=True),
        sa.Column("matures_on", sa.Date(), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("restructured_on", sa.Date(), nullable=True),
        sa.Column("product", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("purpose", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("consignor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("high_risk", sa.Boolean(), nullable=False),
        sa.Column("officer_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("branch_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("partner_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint("day_count IN ('actual/360', 'actual/365', '30/360')", name="ck_day_count"),
        sa.CheckConstraint(
            "repayment IN ('bullet', 'equal_instalment', 'equal_principal', 'interest_only', 'custom')",
            name="ck_repayment",
        ),
        sa.CheckConstraint("security IN ('credit', 'guaranteed', 'mortgaged', 'pledged')", name="ck_security"),
        sa.CheckConstraint("matures_on > disbursed_on", name="ck_loan_term"),
        sa.CheckConstraint("principal > 0", name="ck_loan_principal"),
        sa.ForeignKeyConstraint(
            ["borrower_no"],
            ["borrower.borrower_no"],
        ),
        sa.ForeignKeyConstraint(
            ["branch_no"],
            ["branch.branch_no"],
        ),
        sa.ForeignKeyConstraint(
            ["officer_no"],
            ["staff.staff_no"],
        ),
        sa.ForeignKeyConstraint(
            ["partner_no"],
            ["partner.partner_no"],
        ),
        sa.PrimaryKeyConstraint("loan_no"),
    )
    with op.batch_alter_table("loan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_loan_borrower_no"), ["borrower_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_loan_branch_no"), ["branch_no"], unique=False)
        batch_op.create_index("ix_loan_first_drawdown", ["first_drawdown_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_loan_matures_on"), ["matures_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_loan_officer_no"), ["officer_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_loan_partner_no"), ["partner_no"], unique=False)

    op.create_table(
        "rating",
        sa.Column("borrower_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("rated_on", sa.Date(), nullable=False),
        sa.Column("rating", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["borrower_no"],
            ["borrower.borrower_no"],
        ),
        sa.PrimaryKeyConstraint("borrower_no", "rated_on"),
    )
    op.create_table(
        "relation",
        sa.Column("borrower_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("other_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('control', 'shareholding', 'family', 'common_management', 'mutual_guarantee', 'other')",
            name="ck_kind",
        ),
        sa.CheckConstraint("borrower_no <> other_no", name="ck_relation"),
        sa.ForeignKeyConstraint(
            ["borrower_no"],
            ["borrower.borrower_no"],
        ),
        sa.ForeignKeyConstraint(
            ["other_no"],
            ["borrower.borrower_no"],
        ),
        sa.PrimaryKeyConstraint("borrower_no", "other_no", "kind"),
    )
    with op.batch_alter_table("relation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_relation_other_no"), ["other_no"], unique=False)

    op.create_table(
        "staff_role",
        sa.Column("staff_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_no"],
            ["staff.staff_no"],
        ),
        sa.PrimaryKeyConstraint("staff_no", "role"),
    )
    with op.batch_alter_table("staff_role", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_role_role"), ["role"], unique=False)

    op.create_table(
        "used_code",
        sa.Column("staff_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("time_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_no"],
            ["staff.staff_no"],
        ),
        sa.PrimaryKeyConstraint("staff_no", "time_step"),
    )
    op.create_table(
        "case",
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("branch_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("rule", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("anchor_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("policy_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("closed_at", types.Moment(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("flow_run_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'closed', 'cancelled')", name="ck_state"),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.ForeignKeyConstraint(
            ["policy_version"],
            ["policy_version.version"],
        ),
        sa.PrimaryKeyConstraint("case_no"),
        sa.UniqueConstraint("kind", "loan_no", "subject", name="uq_case_subject"),
    )
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_flow_run_id"), ["flow_run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_loan_no"), ["loan_no"], unique=False)
        batch_op.create_index("ix_case_open", ["state", "kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_policy_version"), ["policy_version"], unique=False)

    op.create_table(
        "collateral_loan",
        sa.Column("collateral_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collateral_no"],
            ["collateral.collateral_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("collateral_no", "loan_no"),
    )
    with op.batch_alter_table("collateral_loan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_collateral_loan_loan_no"), ["loan_no"], unique=False)

    op.create_table(
        "drawdown",
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("drawn_on", sa.Date(), nullable=False),
        sa.Column("amount", types.Money(), nullable=False),
        sa.CheckConstraint("amount > 0", name="ck_drawdown_amount"),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("loan_no", "number"),
    )
    op.create_table(
        "guarantee",
        sa.Column("guarantor_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("amount", types.Money(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.CheckConstraint("kind IN ('joint', 'general')", name="ck_kind"),
        sa.ForeignKeyConstraint(
            ["guarantor_no"],
            ["guarantor.guarantor_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("guarantor_no", "loan_no"),
    )
    with op.batch_alter_table("guarantee", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_guarantee_loan_no"), ["loan_no"], unique=False)

    op.create_table(
        "instalment",
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("principal_due", types.Money(), nullable=False),
        sa.Column("interest_due", types.Money(), nullable=False),
        sa.Column("fee_due", types.Money(), nullable=False),
        sa.CheckConstraint("principal_due >= 0 AND interest_due >= 0 AND fee_due >= 0", name="ck_instalment"),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("loan_no", "number"),
    )
    with op.batch_alter_table("instalment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_instalment_due_on"), ["due_on"], unique=False)

    op.create_table(
        "position",
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("principal_outstanding", types.Money(), nullable=False),
        sa.Column("overdue_principal", types.Money(), nullable=False),
        sa.Column("overdue_interest", types.Money(), nullable=False),
        sa.Column("days_past_due", sa.Integer(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("loan_no", "as_of"),
    )
    op.create_table(
        "repayment",
        sa.Column("receipt_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("amount", types.Money(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reverses", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint("amount > 0", name="ck_repayment_amount"),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.ForeignKeyConstraint(
            ["reverses"],
            ["repayment.receipt_no"],
        ),
        sa.PrimaryKeyConstraint("receipt_no"),
        sa.UniqueConstraint("reverses"),
    )
    with op.batch_alter_table("repayment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_repayment_loan_no"), ["loan_no"], unique=False)

    op.create_table(
        "classification",
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("risk_class", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("rule_class", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("why", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("cause", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint(
            "risk_class IN ('normal', 'special_mention', 'substandard', 'doubtful', 'loss')", name="ck_risk_class"
        ),
        sa.CheckConstraint(
            "rule_class IN ('normal', 'special_mention', 'substandard', 'doubtful', 'loss')", name="ck_rule_class"
        ),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("loan_no", "as_of"),
    )
    with op.batch_alter_table("classification", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_classification_case_no"), ["case_no"], unique=False)

    op.create_table(
        "document",
        sa.Column("document_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("media_type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("document_no"),
        sa.UniqueConstraint("case_no", "kind", "media_type", name="uq_document"),
    )
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_document_case_no"), ["case_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_document_loan_no"), ["loan_no"], unique=False)

    op.create_table(
        "finding",
        sa.Column("finding_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("branch_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("rectified_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["branch_no"],
            ["branch.branch_no"],
        ),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("finding_no"),
    )
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_finding_branch_no"), ["branch_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_finding_case_no"), ["case_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_finding_loan_no"), ["loan_no"], unique=False)

    op.create_table(
        "human_task",
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("step", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("duty", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("staff_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("branch_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("form", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("asked_at", types.Moment(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("answered_at", types.Moment(), nullable=True),
        sa.Column("flow_run_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'answered', 'refused', 'superseded')", name="ck_state"),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["staff_no"],
            ["staff.staff_no"],
        ),
        sa.PrimaryKeyConstraint("case_no", "step", "attempt"),
    )
    with op.batch_alter_table("human_task", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_human_task_flow_run_id"), ["flow_run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_human_task_staff_no"), ["staff_no"], unique=False)
        batch_op.create_index("ix_task_open", ["state", "due_on"], unique=False)

    op.create_table(
        "ledger_balance",
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("principal_outstanding", types.Money(), nullable=False),
        sa.Column("overdue", types.Money(), nullable=False),
        sa.Column("days_past_due", sa.Integer(), nullable=False),
        sa.Column("risk_class", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "risk_class IN ('normal', 'special_mention', 'substandard', 'doubtful', 'loss')", name="ck_risk_class"
        ),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("loan_no", "as_of"),
    )
    with op.batch_alter_table("ledger_balance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_balance_case_no"), ["case_no"], unique=False)

    op.create_table(
        "notice",
        sa.Column("notice_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("notice_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("recipient_kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recipient_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("template", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("queued_at", types.Moment(), nullable=False),
        sa.Column("next_try_at", types.Moment(), nullable=False),
        sa.Column("taken_at", types.Moment(), nullable=True),
        sa.Column("sent_at", types.Moment(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('queued', 'sending', 'sent', 'failed', 'given_up')", name="ck_state"),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("notice_no"),
        sa.UniqueConstraint("notice_key"),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_case_no"), ["case_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_notice_loan_no"), ["loan_no"], unique=False)
        batch_op.create_index("ix_notice_outbox", ["state", "next_try_at"], unique=False)

    op.create_table(
        "payment",
        sa.Column("payment_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("amount", types.Money(), nullable=False),
        sa.Column("payee", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("purpose", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("evidence", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("as_agreed", sa.Boolean(), nullable=True),
        sa.Column("verified_on", sa.Date(), nullable=True),
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint("kind IN ('drawdown', 'payment')", name="ck_kind"),
        sa.CheckConstraint("state IN ('requested', 'approved', 'refused')", name="ck_state"),
        sa.CheckConstraint("amount > 0", name="ck_payment_amount"),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("payment_no"),
    )
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payment_case_no"), ["case_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_loan_no"), ["loan_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_requested_on"), ["requested_on"], unique=False)

    op.create_table(
        "risk_plan",
        sa.Column("borrower_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
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
        sa.PrimaryKeyConstraint("borrower_no", "made_on"),
    )
    with op.batch_alter_table("risk_plan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_risk_plan_case_no"), ["case_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_risk_plan_loan_no"), ["loan_no"], unique=False)
        batch_op.create_index("ix_risk_plan_open", ["ended_on"], unique=False)

    op.create_table(
        "signal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("borrower_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("partner_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("branch_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("cleared_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "coalesce(loan_no, borrower_no, partner_no, branch_no) IS NOT NULL", name="ck_signal_subject"
        ),
        sa.ForeignKeyConstraint(
            ["borrower_no"],
            ["borrower.borrower_no"],
        ),
        sa.ForeignKeyConstraint(
            ["branch_no"],
            ["branch.branch_no"],
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
            ["partner_no"],
            ["partner.partner_no"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("signal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signal_borrower_no"), ["borrower_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_signal_branch_no"), ["branch_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_signal_case_no"), ["case_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_signal_loan_no"), ["loan_no"], unique=False)
        batch_op.create_index("ix_signal_open", ["cleared_on", "kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_signal_partner_no"), ["partner_no"], unique=False)

    op.create_table(
        "step",
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("step", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("duty", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("staff_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("on_behalf_of", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("done_at", types.Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["on_behalf_of"],
            ["staff.staff_no"],
        ),
        sa.ForeignKeyConstraint(
            ["staff_no"],
            ["staff.staff_no"],
        ),
        sa.PrimaryKeyConstraint("case_no", "step"),
    )
    with op.batch_alter_table("step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_step_staff_no"), ["staff_no"], unique=False)

    op.create_table(
        "suspension",
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("branch_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("partner_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("suspended_on", sa.Date(), nullable=False),
        sa.Column("resumed_on", sa.Date(), nullable=True),
        sa.CheckConstraint("branch_no IS NOT NULL OR partner_no IS NOT NULL", name="ck_suspension"),
        sa.ForeignKeyConstraint(
            ["branch_no"],
            ["branch.branch_no"],
        ),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["partner_no"],
            ["partner.partner_no"],
        ),
        sa.PrimaryKeyConstraint("case_no"),
    )
    with op.batch_alter_table("suspension", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_suspension_branch_no"), ["branch_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_suspension_partner_no"), ["partner_no"], unique=False)

    op.create_table(
        "work_log_entry",
        sa.Column("entry_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("borrower_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("staff_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("activity", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("acted_on", sa.Date(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("review_case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("reviewed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("reviewed_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "activity IN ('on_site', 'telephone', 'off_site', 'analysis', 'data_collection')", name="ck_activity"
        ),
        sa.ForeignKeyConstraint(["review_case_no"], ["case.case_no"]),
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
            ["reviewed_by"],
            ["staff.staff_no"],
        ),
        sa.ForeignKeyConstraint(
            ["staff_no"],
            ["staff.staff_no"],
        ),
        sa.PrimaryKeyConstraint("entry_no"),
    )
    with op.batch_alter_table("work_log_entry", schema=None) as batch_op:
        batch_op.create_index("ix_work_log", ["borrower_no", "acted_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_log_entry_borrower_no"), ["borrower_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_log_entry_case_no"), ["case_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_log_entry_entered_on"), ["entered_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_log_entry_loan_no"), ["loan_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_log_entry_review_case_no"), ["review_case_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_log_entry_reviewed_by"), ["reviewed_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_log_entry_staff_no"), ["staff_no"], unique=False)
    op.execute("INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '" + "0" * 64 + "')")
    _make_audit_append_only()


def _make_audit_append_only() -> None:
    """The database itself refuses to change or delete a link of the audit trail."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_event_no_{verb.lower()} BEFORE {verb} ON audit_event "
                "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )
