-- What a draft of the program's policy would have decided otherwise, over the deals that there were. A simulation is kept as
-- it came out; it goes with its draft.
CREATE TABLE policy_simulations (
    id TEXT NOT NULL PRIMARY KEY,
    policy_id TEXT NOT NULL REFERENCES policies (id),
    -- The draft as it stood, and the version that it was compared with; 0 are the built-in defaults.
    policy_revision BIGINT NOT NULL,
    compared_version BIGINT NOT NULL CHECK (compared_version >= 0),
    started_from BIGINT,
    started_until BIGINT,
    -- What the deals were narrowed by.
    filter TEXT NOT NULL,
    deals BIGINT NOT NULL CHECK (deals >= 0),
    legacy_deals BIGINT NOT NULL CHECK (legacy_deals BETWEEN 0 AND deals),
    differing_deals BIGINT NOT NULL CHECK (differing_deals BETWEEN 0 AND deals),
    counts TEXT NOT NULL,
    found_rows BIGINT NOT NULL CHECK (found_rows >= 0),
    stored_rows BIGINT NOT NULL CHECK (stored_rows BETWEEN 0 AND found_rows),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX policy_simulations_created ON policy_simulations (created_at, id);
CREATE INDEX policy_simulations_policy ON policy_simulations (policy_id, created_at, id);

CREATE TABLE policy_simulation_rows (
    simulation_id TEXT NOT NULL REFERENCES policy_simulations (id),
    position BIGINT NOT NULL CHECK (position > 0),
    kind TEXT NOT NULL,
    deal_id TEXT NOT NULL REFERENCES deals (id),
    partner_id TEXT NOT NULL REFERENCES partners (id),
    value_before TEXT NOT NULL,
    value_after TEXT NOT NULL,
    PRIMARY KEY (simulation_id, position)
);
CREATE INDEX policy_simulation_rows_kind ON policy_simulation_rows (simulation_id, kind, position);
CREATE INDEX policy_simulation_rows_partner ON policy_simulation_rows (simulation_id, partner_id, position);
CREATE INDEX policy_simulation_rows_deal ON policy_simulation_rows (deal_id);
