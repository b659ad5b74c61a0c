-- When the vendor confirmed a win that somebody had reported; until then nothing is paid for it.
ALTER TABLE deals ADD COLUMN win_verified_at BIGINT CHECK (win_verified_at IS NULL OR stage = 'won');
-- Wins that wait to be confirmed.
CREATE INDEX deals_win_reported ON deals (closed_at, id) WHERE stage = 'won' AND win_verified_at IS NULL;
