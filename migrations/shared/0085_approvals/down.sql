DROP TABLE approval_votes;
DROP TABLE approval_escalations;
DROP TABLE approval_steps;
DROP TABLE approval_delegations;
