"""The year round: signals that are cleared, classification, changes of a borrower's record"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString
CLASSES = "('normal', 'special_mention', 'substandard', 'doubtful', 'loss')"


def upgrade() -> None:
    op.create_table(
        "borrower_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("borrower_no", TEXT(), nullable=False),
        sa.Column("field", TEXT(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["borrower_no"], ["borrower.borrower_no"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_borrower_change_borrower_no", "borrower_change", ["borrower_no"])
    op.create_index("ix_borrower_change_changed_on", "borrower_change", ["changed_on"])
    op.create_table(
        "classification",
        sa.Column("loan_no", TEXT(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("risk_class", TEXT(), nullable=False),
        sa.Column("rule_class", TEXT(), nullable=False),
        sa.Column("why", TEXT(), nullable=False),
        sa.Column("case_no", TEXT(), nullable=True),
        sa.CheckConstraint(f"risk_class IN {CLASSES}", name="ck_risk_class"),
        sa.CheckConstraint(f"rule_class IN {CLASSES}", name="ck_rule_class"),
        sa.ForeignKeyConstraint(["case_no"], ["case.case_no"]),
        sa.ForeignKeyConstraint(["loan_no"], ["loan.loan_no"]),
        sa.PrimaryKeyConstraint("loan_no", "as_of"),
    )
    op.create_index("ix_classification_case_no", "classification", ["case_no"])
    op.add_column("borrower", sa.Column("legal_representative", TEXT(), nullable=False, server_default=""))
    op.add_column("borrower", sa.Column("licence_until", sa.Date(), nullable=True))
    op.add_column("loan", sa.Column("restructured_on", sa.Date(), nullable=True))
    op.add_column("signal", sa.Column("cleared_on", sa.Date(), nullable=True))
    op.create_index("ix_signal_open", "signal", ["cleared_on", "kind"])


def downgrade() -> None:
    op.drop_index("ix_signal_open", "signal")
    op.drop_column("signal", "cleared_on")
    op.drop_column("loan", "restructured_on")
    op.drop_column("borrower", "licence_until")
    op.drop_column("borrower", "legal_representative")
    op.drop_table("classification")
    op.drop_table("borrower_change")
