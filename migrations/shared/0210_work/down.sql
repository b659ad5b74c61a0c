DROP INDEX deal_transfers_status;
DROP INDEX deal_reopenings_status;
DROP TABLE interaction_participants;
DROP TABLE interactions;
DROP TABLE tasks;
