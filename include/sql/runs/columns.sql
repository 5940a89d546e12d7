-- Which columns these tables have, whether this user can read them, and whether a table is found without naming its schema.
SELECT
    n.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name, pg_table_is_visible(c.oid) AS is_visible,
    has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT') AS can_read
FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relname = ANY (%(tables)s)
    AND a.attnum > 0
    AND NOT a.attisdropped
