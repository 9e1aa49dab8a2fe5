"""What survives a restart: in memory, in SQLite or in PostgreSQL.

`sql.SqlStore` and `memory.MemoryStore` are imported where they are used: the first brings SQLAlchemy along,
which is a quarter of the time that the program may take to start.
"""
