"""Maturity, repayment and extension"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from postloan.book import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consignor",
        sa.Column("consignor_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("phone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("consignor_no"),
    )
    op.create_table(
        "account_entry",
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("claim", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("part", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("receipt_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("charged", types.Money(), nullable=False),
        sa.Column("paid", types.Money(), nullable=False),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("loan_no", "number"),
    )
    with op.batch_alter_table("account_entry", schema=None) as batch_op:
        batch_op.create_index("ix_account_entry", ["loan_no", "entered_on"], unique=False)

    op.create_table(
        "charge",
        sa.Column("charge_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("charged_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount", types.Money(), nullable=False),
        sa.Column("detail", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("kind IN ('advance', 'fee', 'penalty')", name="ck_kind"),
        sa.CheckConstraint("amount > 0", name="ck_charge_amount"),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("charge_no"),
    )
    with op.batch_alter_table("charge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_charge_loan_no"), ["loan_no"], unique=False)

    op.create_table(
        "consent",
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("party", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("party_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("document", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("party IN ('borrower', 'guarantor', 'mortgagor', 'pledgor', 'consignor')", name="ck_party"),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("case_no", "party", "party_no"),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_loan_no"), ["loan_no"], unique=False)

    op.create_table(
        "extension",
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("variant", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("applied_on", sa.Date(), nullable=False),
        sa.Column("maturity_before", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("amount", types.Money(), nullable=False),
        sa.Column("annual_rate", types.Rate(), nullable=False),
        sa.Column("repayment", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("every_months", sa.Integer(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("contract_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("new_loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("takes_force_on", sa.Date(), nullable=True),
        sa.Column("in_force_on", sa.Date(), nullable=True),
        sa.CheckConstraint("state IN ('applied', 'signed', 'in_force', 'refused', 'lapsed')", name="ck_state"),
        sa.CheckConstraint("variant IN ('extension', 'renewal', 'refinancing', 'rescheduling')", name="ck_variant"),
        sa.CheckConstraint(
            "repayment IN ('bullet', 'equal_instalment', 'equal_principal', 'interest_only', 'custom')",
            name="ck_repayment",
        ),
        sa.CheckConstraint("amount > 0", name="ck_extension_amount"),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("case_no"),
    )
    with op.batch_alter_table("extension", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_extension_loan_no"), ["loan_no"], unique=False)
        batch_op.create_index("ix_extension_state", ["state", "takes_force_on"], unique=False)

    op.create_table(
        "receipt_slip",
        sa.Column("slip_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("party", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("party_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("handed_over_on", sa.Date(), nullable=True),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.Column("signed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("party IN ('borrower', 'guarantor', 'mortgagor', 'pledgor', 'consignor')", name="ck_party"),
        sa.CheckConstraint("state IN ('out', 'returned', 'refused')", name="ck_state"),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("slip_no"),
    )
    with op.batch_alter_table("receipt_slip", schema=None) as batch_op:
        batch_op.create_index("ix_receipt_slip", ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_receipt_slip_case_no"), ["case_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_receipt_slip_loan_no"), ["loan_no"], unique=False)

    op.create_table(
        "title_release",
        sa.Column("collateral_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("case_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("loan_no", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("released_on", sa.Date(), nullable=False),
        sa.Column("title_document", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("received_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("evidence", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("handed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_no"],
            ["case.case_no"],
        ),
        sa.ForeignKeyConstraint(
            ["collateral_no"],
            ["collateral.collateral_no"],
        ),
        sa.ForeignKeyConstraint(
            ["handed_by"],
            ["staff.staff_no"],
        ),
        sa.ForeignKeyConstraint(
            ["loan_no"],
            ["loan.loan_no"],
        ),
        sa.PrimaryKeyConstraint("collateral_no", "case_no"),
    )
    with op.batch_alter_table("title_release", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_title_release_handed_by"), ["handed_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_title_release_loan_no"), ["loan_no"], unique=False)

    with op.batch_alter_table("instalment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("annual_rate", types.Rate(), nullable=True))
        batch_op.add_column(sa.Column("entered_on", sa.Date(), nullable=True))
    # A default that is an expression would have SQLite build the table anew, which its foreign keys forbid.
    with op.batch_alter_table("loan", schema=None) as batch_op:
        batch_op.add_column(sa.Column("original_maturity", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("penalty_surcharge", types.Rate(), nullable=True))
        batch_op.add_column(sa.Column("compound", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column("found_by", sqlmodel.sql.sqltypes.AutoString(), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("base_rate", types.Rate(), nullable=True))
