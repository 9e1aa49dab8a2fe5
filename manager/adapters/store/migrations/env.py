"""Run by alembic on the connection, and inside the transaction, that `schema` hands over.

To change a table: edit `tables`, copy the newest file in versions/, give it the next number and the old one
as `down_revision`, and name it in `schema.HEAD`.
"""

from alembic import context
from sqlalchemy import Connection

from manager.adapters.store.schema import VERSION_TABLE
from manager.adapters.store.tables import METADATA

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
