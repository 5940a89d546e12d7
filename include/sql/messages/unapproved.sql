-- Which templates were missing on which sender's account, for how many messages of a tick.
SELECT template_name, language, sender, count(*) AS messages
FROM message_log
WHERE dag_id = %(dag_id)s
    AND dag_run_id = %(dag_run_id)s
    AND tick_id = %(tick_id)s
    AND skip_reason = 'no_approved_template'
GROUP BY template_name, language, sender
ORDER BY template_name, language, sender
