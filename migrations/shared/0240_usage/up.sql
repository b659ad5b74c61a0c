-- History begins: facts that health and engagement are worked out from. None of them tells what somebody looked at.

-- What partners' people did on a day (UTC), by the kind of record: counts, without records, words or times of day.
CREATE TABLE usage_days (
    partner_id TEXT NOT NULL REFERENCES partners (id),
    day_on TEXT NOT NULL CHECK (length(day_on) = 10),
    user_id TEXT NOT NULL REFERENCES users (id),
    -- A search is either one that found something or an empty one.
    kind TEXT NOT NULL CHECK (kind IN ('view', 'search', 'empty_search', 'action')),
    -- Where the operation's address begins: `deals`.
    resource TEXT NOT NULL,
    times BIGINT NOT NULL CHECK (times > 0),
    PRIMARY KEY (partner_id, day_on, user_id, kind, resource)
);
CREATE INDEX usage_days_day ON usage_days (day_on);

-- How long one side waited for the other's answer: one row for each answer, by the event that tells of it.
CREATE TABLE response_times (
    event_id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    -- The day of the answer (UTC).
    day_on TEXT NOT NULL CHECK (length(day_on) = 10),
    -- Who answered.
    side TEXT NOT NULL CHECK (side IN ('vendor', 'partner')),
    kind TEXT NOT NULL CHECK (kind IN ('decision', 'request', 'questions', 'comment')),
    asked_at BIGINT NOT NULL,
    answered_at BIGINT NOT NULL,
    seconds BIGINT NOT NULL CHECK (seconds >= 0),
    -- In the hours of the calendar of the record's territory; of a decision without the pauses.
    business_seconds BIGINT NOT NULL CHECK (business_seconds >= 0),
    CHECK (answered_at >= asked_at)
);
CREATE INDEX response_times_partner ON response_times (partner_id, day_on);
CREATE INDEX response_times_day ON response_times (day_on);

-- How far the log of events has been read for response times. It moves in the transaction that writes them. What happened
-- before is not made up for.
CREATE TABLE usage_marks (
    name TEXT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL CHECK (position >= 0),
    updated_at BIGINT NOT NULL
);
INSERT INTO usage_marks (name, position, updated_at)
    SELECT 'response_times', COALESCE(MAX(position), 0), 0 FROM events;

-- For how many days things are kept: the settings of the server that started last, for whoever deletes.
CREATE TABLE retention_terms (
    name TEXT NOT NULL PRIMARY KEY CHECK (name IN ('usage', 'sign_ins', 'sign_in_addresses')),
    days BIGINT NOT NULL CHECK (days > 0),
    updated_at BIGINT NOT NULL
);
INSERT INTO retention_terms (name, days, updated_at) VALUES
    ('usage', 400, 0), ('sign_ins', 400, 0), ('sign_in_addresses', 90, 0);

-- Sign-ins before these moments may be deleted, or lose where they came from; nothing else may change them.
CREATE TABLE sign_in_marks (
    name TEXT NOT NULL PRIMARY KEY CHECK (name IN ('deleted', 'without_address')),
    before_at BIGINT NOT NULL CHECK (before_at >= 0),
    updated_at BIGINT NOT NULL
);
INSERT INTO sign_in_marks (name, before_at, updated_at) VALUES ('deleted', 0, 0), ('without_address', 0, 0);
CREATE INDEX sign_ins_addressed ON sign_ins (at) WHERE ip IS NOT NULL OR user_agent IS NOT NULL;
