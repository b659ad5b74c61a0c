-- What has been written down stays: facts, decisions and checks are neither changed nor deleted, protections are
-- ended and not deleted. Events may be given their position once, have their payload erased, and go when the
-- event horizon has passed them; audit records may be chained once.

-- A draft may be changed, published and deleted. What was published may be withdrawn, and nothing else.
CREATE TRIGGER policies_no_update BEFORE UPDATE ON policies
WHEN OLD.version IS NOT NULL AND (
    OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL OR NEW.id <> OLD.id OR NEW.version IS NOT OLD.version
    OR NEW.base_version <> OLD.base_version OR NEW.valid_from IS NOT OLD.valid_from OR NEW.document <> OLD.document
    OR NEW.note IS NOT OLD.note OR NEW.published_by IS NOT OLD.published_by OR NEW.published_at IS NOT OLD.published_at
    OR NEW.created_by <> OLD.created_by OR NEW.created_at <> OLD.created_at)
BEGIN
    SELECT RAISE(ABORT, 'append_only: policies');
END;

CREATE TRIGGER policies_no_delete BEFORE DELETE ON policies WHEN OLD.version IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'append_only: policies');
END;

CREATE TRIGGER partner_status_changes_no_update BEFORE UPDATE ON partner_status_changes
BEGIN
    SELECT RAISE(ABORT, 'append_only: partner_status_changes');
END;

CREATE TRIGGER partner_status_changes_no_delete BEFORE DELETE ON partner_status_changes
BEGIN
    SELECT RAISE(ABORT, 'append_only: partner_status_changes');
END;

CREATE TRIGGER sign_ins_no_update BEFORE UPDATE ON sign_ins
BEGIN
    SELECT RAISE(ABORT, 'append_only: sign_ins');
END;

CREATE TRIGGER sign_ins_no_delete BEFORE DELETE ON sign_ins
BEGIN
    SELECT RAISE(ABORT, 'append_only: sign_ins');
END;

CREATE TRIGGER evaluation_results_no_update BEFORE UPDATE ON evaluation_results
BEGIN
    SELECT RAISE(ABORT, 'append_only: evaluation_results');
END;

CREATE TRIGGER evaluation_results_no_delete BEFORE DELETE ON evaluation_results
BEGIN
    SELECT RAISE(ABORT, 'append_only: evaluation_results');
END;

CREATE TRIGGER conflict_checks_no_update BEFORE UPDATE ON conflict_checks
BEGIN
    SELECT RAISE(ABORT, 'append_only: conflict_checks');
END;

CREATE TRIGGER conflict_checks_no_delete BEFORE DELETE ON conflict_checks
BEGIN
    SELECT RAISE(ABORT, 'append_only: conflict_checks');
END;

CREATE TRIGGER conflict_probes_no_update BEFORE UPDATE ON conflict_probes
BEGIN
    SELECT RAISE(ABORT, 'append_only: conflict_probes');
END;

CREATE TRIGGER conflict_probes_no_delete BEFORE DELETE ON conflict_probes
BEGIN
    SELECT RAISE(ABORT, 'append_only: conflict_probes');
END;

CREATE TRIGGER deal_decisions_no_update BEFORE UPDATE ON deal_decisions
BEGIN
    SELECT RAISE(ABORT, 'append_only: deal_decisions');
END;

CREATE TRIGGER deal_decisions_no_delete BEFORE DELETE ON deal_decisions
BEGIN
    SELECT RAISE(ABORT, 'append_only: deal_decisions');
END;

CREATE TRIGGER deal_history_no_update BEFORE UPDATE ON deal_history
BEGIN
    SELECT RAISE(ABORT, 'append_only: deal_history');
END;

CREATE TRIGGER deal_history_no_delete BEFORE DELETE ON deal_history
BEGIN
    SELECT RAISE(ABORT, 'append_only: deal_history');
END;

CREATE TRIGGER protections_no_delete BEFORE DELETE ON protections
BEGIN
    SELECT RAISE(ABORT, 'append_only: protections');
END;

CREATE TRIGGER events_no_update BEFORE UPDATE OF seq, id, event_type, resource_type, resource_id, revision, occurred_at, actor_type, actor_id, origin, origin_tag, request_id, audience, deleted ON events
BEGIN
    SELECT RAISE(ABORT, 'append_only: events');
END;

CREATE TRIGGER events_position_once BEFORE UPDATE OF position ON events
WHEN OLD.position IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'append_only: events');
END;

CREATE TRIGGER events_erase_only BEFORE UPDATE OF changed_fields, data, previous, erased_at, salt ON events
WHEN NEW.erased_at IS NULL
BEGIN
    SELECT RAISE(ABORT, 'append_only: events');
END;

CREATE TRIGGER events_no_delete BEFORE DELETE ON events
WHEN OLD.position IS NULL OR OLD.position > (SELECT position FROM feed_marks WHERE name = 'event_horizon')
BEGIN
    SELECT RAISE(ABORT, 'append_only: events');
END;

CREATE TRIGGER audit_records_no_update BEFORE UPDATE OF seq, id, at, actor_type, actor_id, partner_id, operation, reason, resource_type, resource_id, revision, request_id, ip, event_seq, digest ON audit_records
BEGIN
    SELECT RAISE(ABORT, 'append_only: audit_records');
END;

CREATE TRIGGER audit_records_chain_once BEFORE UPDATE OF chain_position, prev_hash, hash ON audit_records
WHEN OLD.hash IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'append_only: audit_records');
END;

CREATE TRIGGER audit_records_no_delete BEFORE DELETE ON audit_records
BEGIN
    SELECT RAISE(ABORT, 'append_only: audit_records');
END;
