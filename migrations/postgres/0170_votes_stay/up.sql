-- What was voted and escalated stays as it was written down.

CREATE TRIGGER approval_votes_no_change BEFORE UPDATE OR DELETE ON approval_votes
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER approval_votes_no_truncate BEFORE TRUNCATE ON approval_votes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER approval_escalations_no_change BEFORE UPDATE OR DELETE ON approval_escalations
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER approval_escalations_no_truncate BEFORE TRUNCATE ON approval_escalations
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
