-- What came of each day's messages, counted once and not for each look at it, and the comparison with who was not reminded.

CREATE TABLE counted_day (
    day date PRIMARY KEY,
    counted_at timestamptz NOT NULL
);
COMMENT ON TABLE counted_day IS 'A day whose live messages were counted; counted anew until nothing of it changes any more.';

CREATE TABLE message_count (
    day date NOT NULL REFERENCES counted_day (day) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    message_kind text NOT NULL,
    reminder_kind text,
    status text NOT NULL,
    skip_reason text,
    error_code integer,
    heard boolean NOT NULL,
    pricing_category text,
    pricing_billable boolean,
    pricing_type text,
    messages integer NOT NULL CHECK (messages > 0)
);
COMMENT ON TABLE message_count IS 'How many of a day''s live messages stand in the same way.';
COMMENT ON COLUMN message_count.status IS 'As in message_log, and expired: Meta gave up delivering it.';
COMMENT ON COLUMN message_count.heard IS 'Whether Meta has said anything of them: without a webhook nothing is known.';
CREATE INDEX message_count_by_day ON message_count (day);

CREATE TABLE move_count (
    day date NOT NULL REFERENCES counted_day (day) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    kind text NOT NULL CHECK (kind IN ('assignment_pending', 'not_started', 'idle')),
    number smallint NOT NULL CHECK (number >= 0),
    hour smallint CHECK (hour BETWEEN 0 AND 23),
    language text,
    outcome text NOT NULL CHECK (outcome IN ('moved', 'reminded_again', 'still_stuck', 'not_over', 'by_the_shop')),
    ticks smallint CHECK (ticks > 0),
    runs integer NOT NULL CHECK (runs > 0),
    CONSTRAINT what_moved_says_when CHECK (outcome <> 'moved' OR ticks IS NOT NULL)
);
COMMENT ON TABLE move_count IS 'What became of the stuck runs that were reminded of on a day, and of those that were not due on it.';
COMMENT ON COLUMN move_count.number IS 'Which reminder of the stall it was; 0: none, the run was not due.';
COMMENT ON COLUMN move_count.ticks IS 'How many scheduled ticks after that day the run was found so no more.';
CREATE INDEX move_count_by_day ON move_count (day);

CREATE TABLE trial_case (
    fortnight date NOT NULL,
    partner_id text NOT NULL CHECK (partner_id <> ''),
    held_back boolean NOT NULL,
    production_run_id text NOT NULL CHECK (production_run_id <> ''),
    kind text NOT NULL CHECK (kind IN ('assignment_pending', 'not_started', 'idle')),
    since timestamptz NOT NULL,
    day date NOT NULL,
    outcome text CHECK (outcome IN ('moved', 'still_stuck', 'by_the_shop', 'spoilt')),
    PRIMARY KEY (fortnight, partner_id)
);
COMMENT ON TABLE trial_case IS 'The first stall of a partner in a fortnight whose first reminder was due while control_share was on.';
COMMENT ON COLUMN trial_case.held_back IS 'Whether the reminder was held back (control_group), or planned.';
COMMENT ON COLUMN trial_case.outcome IS 'What became of the run within five ticks; null while that is open. spoilt: it was reminded of meanwhile.';
CREATE INDEX trial_case_by_day ON trial_case (day);

-- Why nothing was sent of a run, and which of its reminders were held back: asked at every tick, and by the pages.
CREATE INDEX message_log_skips_of_run ON message_log (production_run_id, day) WHERE status = 'skipped';
