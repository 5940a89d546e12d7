-- What PostgreSQL has dated by its own clock since a moment, a step of the past, is dated by that step's clock. What the code itself dates has
-- that clock already, and lies before the moment.
DO $$
DECLARE
    it record;
BEGIN
    FOR it IN
        SELECT c.table_name,
            string_agg(format('%1$I = CASE WHEN %1$I >= w.began THEN %1$I - w.ago ELSE %1$I END', c.column_name), ', ') AS changes,
            string_agg(format('%I >= w.began', c.column_name), ' OR ') AS touched
        FROM information_schema.columns AS c
            JOIN information_schema.tables AS t USING (table_schema, table_name)
        WHERE c.table_schema = current_schema
            AND t.table_type = 'BASE TABLE'
            AND c.table_name <> 'schema_migration'
            AND c.data_type = 'timestamp with time zone'
            AND c.is_generated = 'NEVER'
        GROUP BY c.table_name
    LOOP
        EXECUTE format(
            'WITH w AS (SELECT current_setting(''history.began'')::timestamptz AS began, current_setting(''history.ago'')::interval AS ago)'
            ' UPDATE %I SET %s FROM w WHERE %s',
            it.table_name, it.changes, it.touched
        );
    END LOOP;
END $$
