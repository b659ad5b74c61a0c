-- Partner programs, their ranked tiers in versions, and who stands where.

CREATE TABLE programs (
    id TEXT NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT,
    status TEXT NOT NULL CHECK (status IN ('draft', 'active', 'retired')),
    -- A distributor of this program sees the rows of its resellers.
    distributor_sees_resellers BOOLEAN NOT NULL,
    custom TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX programs_name ON programs (name_key, id);
CREATE INDEX programs_created ON programs (created_at, id);
CREATE INDEX programs_updated ON programs (updated_at, id);

-- The rules of a program from `valid_from` until the next published version.
CREATE TABLE program_versions (
    program_id TEXT NOT NULL REFERENCES programs (id),
    version BIGINT NOT NULL CHECK (version > 0),
    valid_from BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'published')),
    note TEXT,
    -- The currency that amounts are measured in; others are not converted and do not count.
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    -- Whether an evaluation promotes by itself, or only proposes.
    auto_promote BOOLEAN NOT NULL,
    -- How long a member that fails its tier keeps it after it was told.
    notice_days BIGINT NOT NULL CHECK (notice_days BETWEEN 1 AND 365),
    published_by TEXT,
    published_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (program_id, version),
    CHECK ((status = 'published') = (published_at IS NOT NULL))
);
CREATE UNIQUE INDEX program_versions_start ON program_versions (program_id, valid_from) WHERE status = 'published';
-- The next version is worked out in one place.
CREATE UNIQUE INDEX program_versions_draft ON program_versions (program_id) WHERE status = 'draft';

CREATE TABLE tier_versions (
    id TEXT NOT NULL PRIMARY KEY,
    program_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- 1 is the entry tier.
    rank BIGINT NOT NULL CHECK (rank > 0),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    criteria TEXT NOT NULL,
    benefits TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (program_id, version, rank),
    UNIQUE (program_id, version, name_key),
    UNIQUE (id, program_id),
    FOREIGN KEY (program_id, version) REFERENCES program_versions (program_id, version)
);
CREATE INDEX tier_versions_created ON tier_versions (program_id, created_at, id);

-- A partner that comes back has a new membership; the old one stays.
CREATE TABLE program_memberships (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    program_id TEXT NOT NULL REFERENCES programs (id),
    standing TEXT NOT NULL CHECK (standing IN ('current', 'at_risk', 'demotion_pending', 'ended')),
    grace_until BIGINT,
    -- What the member was told: since when it fails its tier, which criteria, and where it falls to.
    risk TEXT,
    -- What the member holds against it, and how that was decided.
    appeal TEXT,
    joined_at BIGINT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (id, partner_id, program_id),
    CHECK ((standing = 'ended') = (ended_at IS NOT NULL)),
    CHECK ((standing IN ('at_risk', 'demotion_pending')) = (grace_until IS NOT NULL)),
    CHECK ((standing IN ('at_risk', 'demotion_pending')) = (risk IS NOT NULL)),
    CHECK (ended_at >= joined_at)
);
CREATE UNIQUE INDEX program_memberships_live ON program_memberships (partner_id, program_id) WHERE ended_at IS NULL;
CREATE INDEX program_memberships_partner ON program_memberships (partner_id, created_at, id);
CREATE INDEX program_memberships_program ON program_memberships (program_id, created_at, id);
CREATE INDEX program_memberships_created ON program_memberships (created_at, id);
CREATE INDEX program_memberships_grace ON program_memberships (grace_until, id) WHERE standing = 'at_risk';

-- An evaluation can be repeated from `as_of` and the versions it ran under.
CREATE TABLE evaluation_runs (
    id TEXT NOT NULL PRIMARY KEY,
    program_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    as_of BIGINT NOT NULL,
    rule_version TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('preview', 'commit')),
    -- Set: the run looked at this partner only.
    partner_id TEXT REFERENCES partners (id),
    evaluated BIGINT NOT NULL,
    promotions BIGINT NOT NULL,
    demotions BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (id, program_id),
    FOREIGN KEY (program_id, version) REFERENCES program_versions (program_id, version)
);
CREATE INDEX evaluation_runs_program ON evaluation_runs (program_id, version, created_at, id);
CREATE INDEX evaluation_runs_partner ON evaluation_runs (partner_id, created_at, id);
CREATE INDEX evaluation_runs_created ON evaluation_runs (created_at, id);

-- Append-only: per partner the actual figures, the thresholds and the gaps.
CREATE TABLE evaluation_results (
    id TEXT NOT NULL PRIMARY KEY,
    run_id TEXT NOT NULL,
    program_id TEXT NOT NULL,
    partner_id TEXT NOT NULL,
    membership_id TEXT NOT NULL,
    current_tier_id TEXT,
    proposed_tier_id TEXT NOT NULL,
    proposal TEXT NOT NULL CHECK (proposal IN ('promote', 'retain', 'demote')),
    -- What the run did about it; a preview does nothing.
    effect TEXT NOT NULL CHECK (effect IN (
        'none', 'promoted', 'promotion_proposed', 'put_at_risk', 'notice_running', 'demotion_due', 'recovered', 'held_by_override')),
    criteria TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (run_id, partner_id),
    FOREIGN KEY (run_id, program_id) REFERENCES evaluation_runs (id, program_id),
    FOREIGN KEY (membership_id, partner_id, program_id) REFERENCES program_memberships (id, partner_id, program_id),
    FOREIGN KEY (current_tier_id, program_id) REFERENCES tier_versions (id, program_id),
    FOREIGN KEY (proposed_tier_id, program_id) REFERENCES tier_versions (id, program_id)
);
CREATE INDEX evaluation_results_run ON evaluation_results (run_id, program_id, created_at, id);
CREATE INDEX evaluation_results_partner ON evaluation_results (partner_id, created_at, id);
CREATE INDEX evaluation_results_membership ON evaluation_results (membership_id, partner_id, program_id);
CREATE INDEX evaluation_results_current ON evaluation_results (current_tier_id, program_id);
CREATE INDEX evaluation_results_proposed ON evaluation_results (proposed_tier_id, program_id);

-- The tier of a partner in a program, as a chain of starts like that of the account managers.
-- An override that expires is two entries: its start, and the return at `override_until`.
CREATE TABLE tier_assignments (
    id TEXT NOT NULL PRIMARY KEY,
    membership_id TEXT NOT NULL,
    partner_id TEXT NOT NULL,
    program_id TEXT NOT NULL,
    valid_from BIGINT NOT NULL,
    -- None ends the chain.
    tier_version_id TEXT,
    cause TEXT NOT NULL CHECK (cause IN ('entry', 'evaluation', 'override', 'override_expired', 'new_version', 'import', 'end')),
    reason_code TEXT,
    reason_text TEXT,
    override_until BIGINT,
    evaluation_result_id TEXT REFERENCES evaluation_results (id),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (partner_id, program_id, valid_from),
    FOREIGN KEY (membership_id, partner_id, program_id) REFERENCES program_memberships (id, partner_id, program_id),
    FOREIGN KEY (tier_version_id, program_id) REFERENCES tier_versions (id, program_id),
    CHECK ((cause = 'end') = (tier_version_id IS NULL)),
    CHECK (cause <> 'override' OR reason_code IS NOT NULL),
    CHECK (override_until > valid_from)
);
CREATE INDEX tier_assignments_membership ON tier_assignments (membership_id, partner_id, program_id, valid_from);
CREATE INDEX tier_assignments_tier ON tier_assignments (tier_version_id, program_id, valid_from);
CREATE INDEX tier_assignments_result ON tier_assignments (evaluation_result_id);
