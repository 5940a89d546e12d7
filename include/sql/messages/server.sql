-- What is to be known of the server before anything leaves: its clock, and which settings let a crash of its machine lose commits.
SELECT
    clock_timestamp() AS now,
    array(
        SELECT name FROM unnest(ARRAY['fsync', 'full_page_writes']) AS name WHERE current_setting(name) = 'off'
    ) AS off
