ALTER TABLE deal_decisions DROP COLUMN reason_labels;
