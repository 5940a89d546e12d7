-- Which columns the shop's tables have.
SELECT table_schema, table_name, column_name
FROM information_schema.columns
WHERE table_name = ANY (%(tables)s) AND (table_schema = ANY (current_schemas(false)) OR table_schema = ANY (%(schemas)s))
