-- A sign-in may be by the token of an identity provider. SQLite changes no condition of a table, so the table is made anew,
-- with its indexes and with what keeps it as it was written.
CREATE TABLE sign_ins_anew (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT REFERENCES users (id),
    partner_id TEXT REFERENCES partners (id),
    -- Keyed hash of what was typed, for attempts on unknown names.
    identifier_hash TEXT,
    at BIGINT NOT NULL,
    day_on TEXT NOT NULL CHECK (length(day_on) = 10),
    method TEXT NOT NULL CHECK (method IN ('password', 'refresh', 'one_time_token', 'client_credentials', 'api_key', 'identity_provider')),
    outcome TEXT NOT NULL CHECK (outcome IN ('success', 'wrong_credentials', 'throttled', 'disabled', 'reuse_detected', 'expired')),
    ip TEXT,
    user_agent TEXT,
    second_factor TEXT CHECK (second_factor IN ('totp', 'recovery_code'))
);
INSERT INTO sign_ins_anew (id, user_id, partner_id, identifier_hash, at, day_on, method, outcome, ip, user_agent, second_factor)
    SELECT id, user_id, partner_id, identifier_hash, at, day_on, method, outcome, ip, user_agent, second_factor FROM sign_ins;
DROP TABLE sign_ins;
ALTER TABLE sign_ins_anew RENAME TO sign_ins;
CREATE INDEX sign_ins_user ON sign_ins (user_id, at, id);
CREATE INDEX sign_ins_partner ON sign_ins (partner_id, at, id);
CREATE INDEX sign_ins_at ON sign_ins (at, id);
CREATE INDEX sign_ins_day ON sign_ins (day_on, partner_id, user_id);
CREATE INDEX sign_ins_addressed ON sign_ins (at) WHERE ip IS NOT NULL OR user_agent IS NOT NULL;

CREATE TRIGGER sign_ins_no_update BEFORE UPDATE ON sign_ins
WHEN OLD.at >= (SELECT before_at FROM sign_in_marks WHERE name = 'without_address')
    OR NEW.ip IS NOT NULL OR NEW.user_agent IS NOT NULL
    OR NEW.id <> OLD.id OR NEW.user_id IS NOT OLD.user_id OR NEW.partner_id IS NOT OLD.partner_id
    OR NEW.identifier_hash IS NOT OLD.identifier_hash OR NEW.at <> OLD.at OR NEW.day_on <> OLD.day_on
    OR NEW.method <> OLD.method OR NEW.outcome <> OLD.outcome
BEGIN
    SELECT RAISE(ABORT, 'append_only: sign_ins');
END;

CREATE TRIGGER sign_ins_no_delete BEFORE DELETE ON sign_ins
WHEN OLD.at >= (SELECT before_at FROM sign_in_marks WHERE name = 'deleted')
BEGIN
    SELECT RAISE(ABORT, 'append_only: sign_ins');
END;
