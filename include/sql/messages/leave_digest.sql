-- Let runs leave a message that speaks of others too; with the row each gives up its slot of the day.
DELETE FROM message_run WHERE message_id = %(id)s AND production_run_id = ANY (%(production_run_ids)s)
