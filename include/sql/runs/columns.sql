-- Which columns these tables have, whether this user can read them, and whether a table is found without naming its schema. The columns
-- of each table on their own: joined, all columns of the database are read.
SELECT
    n.nspname AS table_schema, c.relname AS table_name, pg_table_is_visible(c.oid) AS is_visible,
    (
        SELECT json_object_agg(a.attname, has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT'))
        FROM pg_attribute AS a
        WHERE a.attrelid = c.oid
            AND a.attnum > 0
            AND NOT a.attisdropped
    ) AS columns
FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = ANY (%(tables)s)
    AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
