DROP TRIGGER partners_stay;
CREATE TABLE partner_status_changes_anew (
    partner_id TEXT NOT NULL REFERENCES partners (id),
    seq BIGINT NOT NULL,
    from_status TEXT,
    to_status TEXT NOT NULL,
    reason_code TEXT,
    reason_text TEXT,
    actor_type TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (partner_id, seq)
);
INSERT INTO partner_status_changes_anew (partner_id, seq, from_status, to_status, reason_code, reason_text, actor_type, actor_id, at)
    SELECT partner_id, seq, from_status, to_status, reason_code, reason_text, actor_type, actor_id, at FROM partner_status_changes;
DROP TABLE partner_status_changes;
ALTER TABLE partner_status_changes_anew RENAME TO partner_status_changes;
CREATE INDEX partner_status_changes_at ON partner_status_changes (to_status, at, partner_id);

CREATE TRIGGER partner_status_changes_no_update BEFORE UPDATE ON partner_status_changes
BEGIN
    SELECT RAISE(ABORT, 'append_only: partner_status_changes');
END;

CREATE TRIGGER partner_status_changes_no_delete BEFORE DELETE ON partner_status_changes
BEGIN
    SELECT RAISE(ABORT, 'append_only: partner_status_changes');
END;
