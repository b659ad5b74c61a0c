-- A second proof beside the password: codes of an authenticator (RFC 6238), and codes on paper for when it is lost.

-- One for each user. The secret is sealed with the master secret, bound to the user.
CREATE TABLE second_factors (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    sealed_secret TEXT NOT NULL,
    -- Until the first code has proved that the authenticator holds the secret, it guards nothing.
    confirmed_at BIGINT,
    -- The last step of 30 seconds whose code was taken: neither it nor an earlier one is taken again.
    last_step BIGINT,
    created_at BIGINT NOT NULL
);

-- Keyed hashes; each is good once.
CREATE TABLE recovery_codes (
    hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES second_factors (user_id),
    used_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX recovery_codes_user ON recovery_codes (user_id, used_at);

-- A password was right, and a code is awaited.
CREATE TABLE sign_in_challenges (
    hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES second_factors (user_id),
    -- The partner that the user wants to act for, if one was named.
    partner_id TEXT REFERENCES partners (id),
    -- How many codes were compared, the right one included.
    tries BIGINT NOT NULL CHECK (tries >= 0),
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX sign_in_challenges_user ON sign_in_challenges (user_id);
CREATE INDEX sign_in_challenges_partner ON sign_in_challenges (partner_id);
CREATE INDEX sign_in_challenges_expires ON sign_in_challenges (expires_at);

-- Since when the user has a second factor that guards the sign-in: what every call asks, and administrators read.
ALTER TABLE users ADD COLUMN second_factor_at BIGINT;

-- With what second proof.
ALTER TABLE sign_ins ADD COLUMN second_factor TEXT CHECK (second_factor IN ('totp', 'recovery_code'));
