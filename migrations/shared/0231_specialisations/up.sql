-- What partners are good at, beside their tier: defined for a program, and awarded for a time.

CREATE TABLE specialisations (
    id TEXT NOT NULL PRIMARY KEY,
    program_id TEXT NOT NULL REFERENCES programs (id),
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT,
    criteria TEXT NOT NULL,
    -- The currency that amounts are measured in, where a criterion names no other.
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    -- For how long it is awarded; none is without end.
    validity_days BIGINT CHECK (validity_days > 0),
    status TEXT NOT NULL CHECK (status IN ('active', 'retired')),
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX specialisations_name ON specialisations (name_key, id);
CREATE INDEX specialisations_created ON specialisations (created_at, id);
CREATE INDEX specialisations_program ON specialisations (program_id, name_key, id);

-- No two awards of one specialisation to one partner overlap: `award_guard`.
CREATE TABLE specialisation_awards (
    id TEXT NOT NULL PRIMARY KEY,
    specialisation_id TEXT NOT NULL REFERENCES specialisations (id),
    partner_id TEXT NOT NULL REFERENCES partners (id),
    -- What the latest award or renewal rests on.
    basis TEXT NOT NULL CHECK (basis IN ('manual', 'evaluation')),
    reason TEXT,
    -- How the criteria came out then.
    findings TEXT NOT NULL,
    valid_from BIGINT NOT NULL,
    -- The first moment at which it holds no more.
    valid_until BIGINT,
    renewals BIGINT NOT NULL CHECK (renewals >= 0),
    renewed_at BIGINT,
    withdrawn_at BIGINT,
    withdrawal_reason TEXT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (valid_until > valid_from),
    CHECK (basis <> 'manual' OR reason IS NOT NULL),
    CHECK ((withdrawn_at IS NULL) = (withdrawal_reason IS NULL))
);
CREATE INDEX specialisation_awards_partner ON specialisation_awards (partner_id, specialisation_id, valid_from);
CREATE INDEX specialisation_awards_specialisation ON specialisation_awards (specialisation_id, partner_id);
CREATE INDEX specialisation_awards_created ON specialisation_awards (created_at, id);
-- What ends soon, or has just ended.
CREATE INDEX specialisation_awards_end ON specialisation_awards (valid_until, id) WHERE withdrawn_at IS NULL;
