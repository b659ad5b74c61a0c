-- Notices: what people are told of, in the app and by mail.

-- How far the log of events has been told from. The mark moves in the transaction that writes the notices, so that no event
-- is told twice or left out. What happened before there were notices is not told.
INSERT INTO feed_marks (name, position, hash, lease_token, lease_until, updated_at)
    SELECT 'notices', COALESCE(MAX(position), 0), NULL, NULL, NULL, 0 FROM events;

-- One notice to one person. It is also the record that the person was told: one row for each cause, whatever its channels.
CREATE TABLE notices (
    id TEXT NOT NULL PRIMARY KEY,
    recipient_id TEXT NOT NULL REFERENCES users (id),
    -- The partner that the recipient is told it for; none for the vendor's people.
    partner_id TEXT REFERENCES partners (id),
    topic TEXT NOT NULL,
    -- The event, or the reminder.
    cause TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    path TEXT NOT NULL,
    -- The operation that settles what the notice asks for.
    action TEXT,
    locale TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    -- The revision of the template; 0 for the built-in text.
    template_revision BIGINT NOT NULL CHECK (template_revision >= 0),
    due_at BIGINT,
    occurred_at BIGINT NOT NULL,
    in_app BOOLEAN NOT NULL,
    mail TEXT NOT NULL CHECK (mail IN ('off', 'at_once', 'digest')),
    -- The moment of the digest that it goes into.
    digest_at BIGINT,
    -- When it was put into the mail's queue.
    mailed_at BIGINT,
    read_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (recipient_id, topic, cause),
    CHECK ((mail = 'digest') = (digest_at IS NOT NULL)),
    CHECK (mail <> 'off' OR mailed_at IS NULL)
);
CREATE INDEX notices_inbox ON notices (recipient_id, created_at, id);
CREATE INDEX notices_unread ON notices (recipient_id, partner_id) WHERE read_at IS NULL;
CREATE INDEX notices_digest ON notices (digest_at, recipient_id) WHERE mailed_at IS NULL;
CREATE INDEX notices_resource ON notices (resource_type, resource_id, recipient_id);
CREATE INDEX notices_created ON notices (created_at, id);
CREATE INDEX notices_read ON notices (read_at, id);

-- How one person wants to be told. A topic without a choice has the default of its catalogue.
CREATE TABLE notice_preferences (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    choices TEXT NOT NULL,
    -- Minutes after midnight, in the person's time zone.
    quiet_from BIGINT CHECK (quiet_from BETWEEN 0 AND 1439),
    quiet_until BIGINT CHECK (quiet_until BETWEEN 0 AND 1439),
    digest_hour BIGINT NOT NULL CHECK (digest_hour BETWEEN 0 AND 23),
    locale TEXT,
    time_zone TEXT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((quiet_from IS NULL) = (quiet_until IS NULL))
);

-- The program's own texts: each edit is a row, and the last one holds. A row without texts gives the built-in ones back.
CREATE TABLE notice_templates (
    topic TEXT NOT NULL,
    locale TEXT NOT NULL,
    revision BIGINT NOT NULL CHECK (revision > 0),
    subject TEXT,
    body TEXT,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (topic, locale, revision),
    CHECK ((subject IS NULL) = (body IS NULL))
);

-- One digest for each person and day.
CREATE TABLE notice_digests (
    user_id TEXT NOT NULL REFERENCES users (id),
    day TEXT NOT NULL CHECK (length(day) = 10),
    notices BIGINT NOT NULL CHECK (notices > 0),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, day)
);
CREATE INDEX notice_digests_created ON notice_digests (created_at);

-- One reminder for each deadline and distance from it. A deadline that moves is another one.
CREATE TABLE notice_reminders (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    -- The partner whose record it is, or the partner itself.
    partner_id TEXT NOT NULL REFERENCES partners (id),
    deadline BIGINT NOT NULL,
    days_before BIGINT NOT NULL CHECK (days_before > 0),
    due_at BIGINT NOT NULL,
    -- `skipped`: its moment had passed when the deadline was first seen. `moot`: the deadline moved, or does not matter any more.
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'skipped', 'moot')),
    settled_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (kind, resource_id, deadline, days_before),
    CHECK ((state = 'waiting') = (settled_at IS NULL))
);
CREATE INDEX notice_reminders_due ON notice_reminders (state, due_at, id);
CREATE INDEX notice_reminders_order ON notice_reminders (due_at, id);
CREATE INDEX notice_reminders_partner ON notice_reminders (partner_id, due_at, id);
CREATE INDEX notice_reminders_resource ON notice_reminders (resource_id, due_at, id);
CREATE INDEX notice_reminders_settled ON notice_reminders (settled_at, id);
