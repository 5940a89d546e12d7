-- Forget what dry runs of later days than this moment's have opened: a dry run of an earlier day begins where things stood then.
DELETE FROM escalation WHERE delivery = 'dry_run' AND opened_at > %(now)s
