DROP INDEX deals_win_reported;
ALTER TABLE deals DROP COLUMN win_verified_at;
