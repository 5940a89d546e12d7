-- Take a share of a number's rate, or change it: what nobody else holds, but where others want more, no more than an even part.
-- Shares are whole messages a second (but for whoever is alone): in no second do they come to more than the rate, wherever the
-- seconds of each begin.
{%- set live = "phone_number_id = %(phone_number_id)s AND token <> %(token)s AND expires_at > clock_timestamp()" %}
WITH gone AS (
    DELETE FROM sender_share
    WHERE phone_number_id = %(phone_number_id)s AND token <> %(token)s AND expires_at <= clock_timestamp()
),
even AS (
    SELECT greatest(1, floor(%(rate)s / (1 + count(*) FILTER (WHERE wanted > 0)))) AS part, count(*) AS others
    FROM sender_share
    WHERE {{ live }}
),
others AS (
    SELECT coalesce(sum(per_second), 0) AS hold, coalesce(sum(least(wanted, even.part)), 0) AS are_due
    FROM sender_share CROSS JOIN even
    WHERE {{ live }}
),
mine AS (
    SELECT
        CASE
            WHEN even.others = 0 THEN least(%(rate)s, %(wanted)s)
            ELSE greatest(
                0, floor(least(%(wanted)s, %(rate)s - others.hold, greatest(even.part, %(rate)s - others.are_due)))
            )
        END AS per_second
    FROM even CROSS JOIN others
)
INSERT INTO sender_share AS held (phone_number_id, token, wanted, per_second, expires_at)
SELECT %(phone_number_id)s, %(token)s, %(wanted)s, per_second, clock_timestamp() + %(lease)s FROM mine
ON CONFLICT (phone_number_id, token) DO UPDATE
SET wanted = excluded.wanted, per_second = excluded.per_second, expires_at = excluded.expires_at
RETURNING per_second
