"""Sessions with PostgreSQL, and the named queries under `include/sql`."""
