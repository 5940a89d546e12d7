-- Processes that send from one number at once keep within its rate together.

CREATE TABLE sender_share (
    phone_number_id text NOT NULL,
    token uuid NOT NULL,
    wanted double precision NOT NULL,
    per_second double precision NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (phone_number_id, token)
);
COMMENT ON TABLE sender_share IS 'What each process that is sending may take of its number''s rate, until it has ended or is gone.';
