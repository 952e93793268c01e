"""Limitation periods"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "interruption",
        sa.Column("interruption_no", text(), nullable=False),
        sa.Column("loan_no", text(), nullable=False),
        sa.Column("party", text(), nullable=False),
        sa.Column("party_no", text(), nullable=False),
        sa.Column("kind", text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("document", text(), nullable=False),
        sa.Column("case_no", text(), nullable=True),
        sa.CheckConstraint("kind IN ('demand', 'agreement', 'payment', 'suit')", name="ck_kind"),
        sa.CheckConstraint("party IN ('borrower', 'guarantor', 'mortgagor', 'pledgor', 'consignor')", name="ck_party"),
        sa.ForeignKeyConstraint(["case_no"], ["case.case_no"]),
        sa.ForeignKeyConstraint(["loan_no"], ["loan.loan_no"]),
        sa.PrimaryKeyConstraint("interruption_no"),
    )
    with op.batch_alter_table("interruption", schema=None) as batch_op:
        batch_op.create_index("ix_interruption", ["loan_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_interruption_case_no"), ["case_no"], unique=False)
