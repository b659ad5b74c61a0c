-- A partner that came with imported history goes again when its import is undone, as long as nothing names it. The entry with which
-- its status began goes with it; of a partner that stays, and of one whose status has changed, nothing is ever deleted. A partner
-- that came in any other way stays for good. SQLite changes no foreign key of a table, so the table is made anew, with its index
-- and with what keeps it as it was written.
CREATE TABLE partner_status_changes_anew (
    partner_id TEXT NOT NULL REFERENCES partners (id) ON DELETE CASCADE,
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
WHEN OLD.from_status IS NOT NULL OR EXISTS (SELECT 1 FROM partners WHERE id = OLD.partner_id)
BEGIN
    SELECT RAISE(ABORT, 'append_only: partner_status_changes');
END;

CREATE TRIGGER partners_stay BEFORE DELETE ON partners WHEN NOT OLD.legacy
BEGIN
    SELECT RAISE(ABORT, 'append_only: partners');
END;
