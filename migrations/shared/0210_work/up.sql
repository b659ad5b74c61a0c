-- The daily work: what is to be done, and whom somebody talked with.

CREATE TABLE tasks (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('task', 'follow_up')),
    title TEXT NOT NULL,
    detail TEXT,
    status TEXT NOT NULL CHECK (status IN ('open', 'done', 'cancelled')),
    priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high')),
    -- `internal`: the vendor's people; `shared`: the partner's people too.
    visibility TEXT NOT NULL CHECK (visibility IN ('internal', 'shared')),
    -- The record that it belongs to, if any, and that record's partner, if it has one.
    resource_type TEXT,
    resource_id TEXT,
    partner_id TEXT REFERENCES partners (id),
    assignee_id TEXT REFERENCES users (id),
    due_at BIGINT,
    created_by TEXT NOT NULL,
    -- On which side its author stands.
    created_side TEXT NOT NULL CHECK (created_side IN ('vendor', 'partner')),
    -- Who ended it, and when; nothing while it is open.
    ended_by TEXT,
    ended_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((resource_type IS NULL) = (resource_id IS NULL)),
    CHECK (visibility = 'internal' OR partner_id IS NOT NULL),
    CHECK ((status = 'open') = (ended_at IS NULL)),
    CHECK ((ended_by IS NULL) = (ended_at IS NULL))
);
CREATE INDEX tasks_created ON tasks (created_at, id);
CREATE INDEX tasks_updated ON tasks (updated_at, id);
CREATE INDEX tasks_due ON tasks (due_at, id);
CREATE INDEX tasks_assignee ON tasks (assignee_id, status, due_at, id);
CREATE INDEX tasks_resource ON tasks (resource_type, resource_id, created_at, id);
CREATE INDEX tasks_partner ON tasks (partner_id, created_at, id);
CREATE INDEX tasks_status ON tasks (status, due_at, id);

CREATE TABLE interactions (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('call', 'meeting', 'mail', 'visit', 'other')),
    subject TEXT NOT NULL,
    happened_at BIGINT NOT NULL,
    duration_minutes BIGINT CHECK (duration_minutes >= 0),
    summary TEXT,
    -- The mail's Message-ID; its body stays where the mail is.
    mail_message_id TEXT,
    visibility TEXT NOT NULL CHECK (visibility IN ('internal', 'shared')),
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    partner_id TEXT REFERENCES partners (id),
    next_step TEXT,
    follow_up_task_id TEXT REFERENCES tasks (id),
    created_by TEXT NOT NULL,
    created_side TEXT NOT NULL CHECK (created_side IN ('vendor', 'partner')),
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (visibility = 'internal' OR partner_id IS NOT NULL)
);
CREATE INDEX interactions_happened ON interactions (happened_at, id);
CREATE INDEX interactions_created ON interactions (created_at, id);
CREATE INDEX interactions_resource ON interactions (resource_type, resource_id, happened_at, id);
CREATE INDEX interactions_partner ON interactions (partner_id, happened_at, id);
CREATE INDEX interactions_follow_up ON interactions (follow_up_task_id);

-- Who took part: users of the vendor, and people at the partner or the customer.
CREATE TABLE interaction_participants (
    interaction_id TEXT NOT NULL REFERENCES interactions (id),
    position BIGINT NOT NULL,
    user_id TEXT REFERENCES users (id),
    person_id TEXT REFERENCES people (id),
    PRIMARY KEY (interaction_id, position),
    CHECK ((user_id IS NULL) <> (person_id IS NULL))
);
CREATE INDEX interaction_participants_user ON interaction_participants (user_id, interaction_id);
CREATE INDEX interaction_participants_person ON interaction_participants (person_id, interaction_id);

-- Steps, extensions and the like that wait for a decision are found by their status alone.
CREATE INDEX deal_reopenings_status ON deal_reopenings (status, created_at, id);
CREATE INDEX deal_transfers_status ON deal_transfers (status, created_at, id);
