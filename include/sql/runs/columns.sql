-- Which columns these tables have, whether this user can read them, and whether a table is found without naming its schema.
SELECT
    n.nspname AS table_schema, c.relname AS table_name, pg_table_is_visible(c.oid) AS is_visible,
    json_object_agg(
        a.attname, has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT')
    ) AS columns
FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relname = ANY (%(tables)s)
    AND a.attnum > 0
    AND NOT a.attisdropped
GROUP BY n.oid, n.nspname, c.oid, c.relname
