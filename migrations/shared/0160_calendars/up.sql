-- When the vendor is at work, place by place: what every time that is owed is counted in.
CREATE TABLE calendars (
    id TEXT NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    -- Documents: no query looks into them.
    working_hours TEXT NOT NULL,
    holiday_regions TEXT NOT NULL,
    extra_days TEXT NOT NULL,
    working_days TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'retired')),
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
-- One default at most.
CREATE UNIQUE INDEX calendars_default ON calendars (is_default) WHERE is_default;
CREATE INDEX calendars_name ON calendars (name_key, id);
CREATE INDEX calendars_created ON calendars (created_at, id);

-- Its own calendar; without one, that of the nearest territory around it, then the default.
ALTER TABLE territories ADD COLUMN calendar_id TEXT REFERENCES calendars (id);
CREATE INDEX territories_calendar ON territories (calendar_id);

-- The clock of each review of a registration, and what it showed when it was decided. Business time in microseconds.
CREATE TABLE review_clocks (
    deal_id TEXT NOT NULL REFERENCES deals (id),
    round BIGINT NOT NULL CHECK (round > 0),
    -- What reports are asked by, as it was when the clock began.
    territory_id TEXT REFERENCES territories (id),
    deal_type TEXT NOT NULL,
    -- The calendar that counts; none for Monday to Friday, UTC.
    calendar_id TEXT REFERENCES calendars (id),
    calendar_revision BIGINT,
    started_at BIGINT NOT NULL,
    -- After this moment less than a quarter of the business time is left.
    at_risk_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    paused_at BIGINT,
    paused_micros BIGINT NOT NULL CHECK (paused_micros >= 0),
    decided_at BIGINT,
    automatic BOOLEAN NOT NULL,
    -- From the start to the decision, with the pauses and without them.
    elapsed_micros BIGINT CHECK (elapsed_micros >= 0),
    worked_micros BIGINT CHECK (worked_micros >= 0),
    met BOOLEAN,
    PRIMARY KEY (deal_id, round),
    CHECK ((calendar_id IS NULL) = (calendar_revision IS NULL)),
    CHECK ((decided_at IS NULL) = (elapsed_micros IS NULL)),
    CHECK ((decided_at IS NULL) = (worked_micros IS NULL)),
    CHECK ((decided_at IS NULL) = (met IS NULL))
);
-- Figures of a period are read from this index.
CREATE INDEX review_clocks_decided ON review_clocks (decided_at, territory_id) WHERE decided_at IS NOT NULL;
CREATE INDEX review_clocks_calendar ON review_clocks (calendar_id);
CREATE INDEX review_clocks_territory ON review_clocks (territory_id);
