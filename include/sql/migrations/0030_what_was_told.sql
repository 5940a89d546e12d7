-- What operations were told of a tick: the setting on_summary tells a DAG run once, and again only if its day came to something else.

ALTER TABLE tick ADD COLUMN told_figures text;
COMMENT ON COLUMN tick.told_figures IS 'A mark of the figures of which on_summary has told; null where it has not.';
CREATE INDEX tick_told ON tick (dag_id, dag_run_id, created_at) WHERE told_figures IS NOT NULL;
