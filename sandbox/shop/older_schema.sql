-- Turns the schema, data included, into that of an older deployment: no reminder columns, no parking, no activity, no log of what
-- was used up, no orders of material.

DROP TABLE production_run_activity, consumption_log, inventory_orders;

DELETE FROM production_runs WHERE status = 'awaiting_reassignment';

ALTER TABLE production_runs
    DROP COLUMN depends_on_inventory_order_ids,
    DROP COLUMN reminder_count,
    DROP COLUMN reminder_kind,
    DROP COLUMN reminder_status,
    DROP COLUMN last_reminded_at,
    DROP COLUMN previous_partner_id,
    DROP COLUMN reassign_retry_count,
    DROP CONSTRAINT production_runs_status_check,
    ADD CONSTRAINT production_runs_status_check
        CHECK (status IN ('draft', 'pending_review', 'approved', 'sent_to_partner', 'in_progress', 'completed', 'cancelled'));
