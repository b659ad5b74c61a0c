-- What the reason of a decision was called when it was made, by language, as JSON: the policy may call it otherwise since.
ALTER TABLE deal_decisions ADD COLUMN reason_labels TEXT;
