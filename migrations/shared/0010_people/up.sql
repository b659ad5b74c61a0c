-- People and those of them who sign in.
--
-- Conventions of every table: ids are TypeID text; `_at`, `_until`, `valid_from` are UTC microseconds;
-- `_on` is a calendar date `YYYY-MM-DD`; money is `_minor` with `_currency`; `_key` is the folded form of a
-- text that is searched or sorted; JSON is text. A `_by` column names the actor of a change (a user, a
-- service client or the system) and is therefore no foreign key. Nothing is deleted by a cascade.

CREATE TABLE people (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    email TEXT,
    email_key TEXT,
    email_verified_at BIGINT,
    phone TEXT,
    locale TEXT,
    status TEXT NOT NULL CHECK (status IN ('active', 'erased')),
    -- Per topic and channel: what the person wants to hear.
    preferences TEXT NOT NULL,
    -- Consents given and withdrawn, each with its time and wording.
    consents TEXT NOT NULL,
    erased_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((email IS NULL) = (email_key IS NULL)),
    CHECK ((status = 'erased') = (erased_at IS NOT NULL))
);
-- A verified address belongs to one person; typed ones may be shared or wrong.
CREATE UNIQUE INDEX people_verified_email ON people (email_key) WHERE email_verified_at IS NOT NULL;
CREATE INDEX people_email ON people (email_key, id);
CREATE INDEX people_name ON people (name_key, id);
CREATE INDEX people_created ON people (created_at, id);
CREATE INDEX people_updated ON people (updated_at, id);

CREATE TABLE teams (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    -- The user who leads the team; no foreign key, because users point at teams.
    lead_id TEXT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX teams_created ON teams (created_at, id);
CREATE INDEX teams_updated ON teams (updated_at, id);

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('vendor', 'partner')),
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('invited', 'active', 'disabled')),
    password_hash TEXT,
    password_changed_at BIGINT,
    -- Raised to end every session of the user at once.
    session_version BIGINT NOT NULL,
    locale TEXT,
    time_zone TEXT,
    -- Which partners' rows a vendor user sees; a partner user sees those of the membership.
    row_scope TEXT CHECK (row_scope IN ('all', 'team', 'own', 'territories')),
    team_id TEXT REFERENCES teams (id),
    person_id TEXT REFERENCES people (id),
    invited_at BIGINT,
    last_sign_in_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((kind = 'vendor') = (row_scope IS NOT NULL)),
    CHECK (kind = 'vendor' OR team_id IS NULL)
);
CREATE INDEX users_team ON users (team_id, id);
CREATE INDEX users_person ON users (person_id);
CREATE INDEX users_name ON users (name_key, id);
CREATE INDEX users_created ON users (created_at, id);
CREATE INDEX users_updated ON users (updated_at, id);
CREATE INDEX users_kind_created ON users (kind, created_at, id);
CREATE INDEX users_status_created ON users (status, created_at, id);

CREATE TABLE user_roles (
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('admin', 'channel_ops', 'cam', 'approver', 'finance', 'content_manager', 'analyst')),
    PRIMARY KEY (user_id, role)
);
CREATE INDEX user_roles_role ON user_roles (role, user_id);
