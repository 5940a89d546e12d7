"""Sessions with PostgreSQL, and the named queries of `include/sql`."""
