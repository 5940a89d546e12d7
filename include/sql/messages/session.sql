-- Let no commit of this session be lost that was confirmed, whatever the server's or the role's setting: a claim that a crash of the
-- server takes back is a message sent twice. On waits for a standby too, where the server has one that is to be waited for.
SELECT set_config(
    'synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false
)
