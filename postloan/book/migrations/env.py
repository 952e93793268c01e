"""Alembic's entry: runs inside the connection that `postloan.book.migrate` opened."""

from alembic import context

from postloan.book import types
from postloan.book.tables import ALL


def render_item(kind: str, item: object, autogen_context) -> str | bool:
    """Write our column types by their own names into new versions."""
    if kind == "type" and isinstance(item, types.Money | types.Rate | types.Moment):
        autogen_context.imports.add("from postloan.book import types")
        return f"types.{type(item).__name__}()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=ALL,
    render_item=render_item,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
