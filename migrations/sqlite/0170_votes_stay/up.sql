-- What was voted and escalated stays as it was written down.

CREATE TRIGGER approval_votes_no_update BEFORE UPDATE ON approval_votes
BEGIN
    SELECT RAISE(ABORT, 'append_only: approval_votes');
END;

CREATE TRIGGER approval_votes_no_delete BEFORE DELETE ON approval_votes
BEGIN
    SELECT RAISE(ABORT, 'append_only: approval_votes');
END;

CREATE TRIGGER approval_escalations_no_update BEFORE UPDATE ON approval_escalations
BEGIN
    SELECT RAISE(ABORT, 'append_only: approval_escalations');
END;

CREATE TRIGGER approval_escalations_no_delete BEFORE DELETE ON approval_escalations
BEGIN
    SELECT RAISE(ABORT, 'append_only: approval_escalations');
END;
