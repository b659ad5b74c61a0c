-- Most registrations have no distributor, assignee, account or check yet, and an event has no position while it is written on
-- PostgreSQL. An index that leaves out what is not there is not written for these, and finds the others as before: whoever looks
-- by such a column looks for a value.
DROP INDEX deals_distributor;
CREATE INDEX deals_distributor ON deals (distributor_id, created_at, id) WHERE distributor_id IS NOT NULL;
DROP INDEX deals_submitter;
CREATE INDEX deals_submitter ON deals (submitter_id, created_at, id) WHERE submitter_id IS NOT NULL;
DROP INDEX deals_assignee;
CREATE INDEX deals_assignee ON deals (assignee_id, review_status, review_due_at, id) WHERE assignee_id IS NOT NULL;
DROP INDEX deals_account_queue;
CREATE INDEX deals_account_queue ON deals (customer_account_id, received_at, seq, id) WHERE customer_account_id IS NOT NULL;
DROP INDEX deals_account_created;
CREATE INDEX deals_account_created ON deals (customer_account_id, created_at, id) WHERE customer_account_id IS NOT NULL;
DROP INDEX deals_conflict_check;
CREATE INDEX deals_conflict_check ON deals (conflict_check_id) WHERE conflict_check_id IS NOT NULL;

DROP INDEX events_type;
CREATE INDEX events_type ON events (event_type, position) WHERE position IS NOT NULL;
DROP INDEX events_resource_type;
CREATE INDEX events_resource_type ON events (resource_type, position) WHERE position IS NOT NULL;
DROP INDEX event_audiences_position;
CREATE INDEX event_audiences_position ON event_audiences (partner_id, position) WHERE position IS NOT NULL;
