-- What has been written down stays: facts, decisions and checks are neither changed nor deleted, protections are
-- ended and not deleted. Events may be given their position once, have their payload erased, and go when the
-- event horizon has passed them; audit records may be chained once.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append_only: %', TG_TABLE_NAME USING ERRCODE = '55000', TABLE = TG_TABLE_NAME;
END $$;

-- A draft may be changed, published and deleted. What was published may be withdrawn, and nothing else.
CREATE TRIGGER policies_no_update BEFORE UPDATE ON policies
    FOR EACH ROW WHEN (OLD.version IS NOT NULL AND (
        OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL OR NEW.id <> OLD.id
        OR NEW.version IS DISTINCT FROM OLD.version OR NEW.base_version <> OLD.base_version
        OR NEW.valid_from IS DISTINCT FROM OLD.valid_from OR NEW.document <> OLD.document
        OR NEW.note IS DISTINCT FROM OLD.note OR NEW.published_by IS DISTINCT FROM OLD.published_by
        OR NEW.published_at IS DISTINCT FROM OLD.published_at
        OR NEW.created_by <> OLD.created_by OR NEW.created_at <> OLD.created_at))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policies_no_delete BEFORE DELETE ON policies
    FOR EACH ROW WHEN (OLD.version IS NOT NULL) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER partner_status_changes_no_change BEFORE UPDATE OR DELETE ON partner_status_changes
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER sign_ins_no_change BEFORE UPDATE OR DELETE ON sign_ins
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evaluation_results_no_change BEFORE UPDATE OR DELETE ON evaluation_results
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER conflict_checks_no_change BEFORE UPDATE OR DELETE ON conflict_checks
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER conflict_probes_no_change BEFORE UPDATE OR DELETE ON conflict_probes
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER deal_decisions_no_change BEFORE UPDATE OR DELETE ON deal_decisions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER deal_history_no_change BEFORE UPDATE OR DELETE ON deal_history
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER protections_no_delete BEFORE DELETE ON protections
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER policies_no_truncate BEFORE TRUNCATE ON policies
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER partner_status_changes_no_truncate BEFORE TRUNCATE ON partner_status_changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER sign_ins_no_truncate BEFORE TRUNCATE ON sign_ins
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evaluation_results_no_truncate BEFORE TRUNCATE ON evaluation_results
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER conflict_checks_no_truncate BEFORE TRUNCATE ON conflict_checks
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER conflict_probes_no_truncate BEFORE TRUNCATE ON conflict_probes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER deal_decisions_no_truncate BEFORE TRUNCATE ON deal_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER deal_history_no_truncate BEFORE TRUNCATE ON deal_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER protections_no_truncate BEFORE TRUNCATE ON protections
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_records_no_truncate BEFORE TRUNCATE ON audit_records
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER events_no_update BEFORE UPDATE OF seq, id, event_type, resource_type, resource_id, revision, occurred_at, actor_type, actor_id, origin, origin_tag, request_id, audience, deleted ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_position_once BEFORE UPDATE OF position ON events
    FOR EACH ROW WHEN (OLD.position IS NOT NULL) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_erase_only BEFORE UPDATE OF changed_fields, data, previous, erased_at, salt ON events
    FOR EACH ROW WHEN (NEW.erased_at IS NULL) EXECUTE FUNCTION refuse_change();

CREATE FUNCTION events_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.position IS NULL OR OLD.position > (SELECT position FROM feed_marks WHERE name = 'event_horizon') THEN
        RAISE EXCEPTION 'append_only: events' USING ERRCODE = '55000', TABLE = 'events';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION events_keep();

CREATE TRIGGER audit_records_no_update BEFORE UPDATE OF seq, id, at, actor_type, actor_id, partner_id, operation, reason, resource_type, resource_id, revision, request_id, ip, event_seq, digest ON audit_records
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_records_chain_once BEFORE UPDATE OF chain_position, prev_hash, hash ON audit_records
    FOR EACH ROW WHEN (OLD.hash IS NOT NULL) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_records_no_delete BEFORE DELETE ON audit_records
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
