-- The shares of a deal add up to 100 %: a set is written open, filled, and sealed, which is refused unless the
-- sum is 10,000 basis points. A sealed set is never changed; a later one takes over.

CREATE TRIGGER attribution_sets_open BEFORE INSERT ON attribution_sets
WHEN NEW.sealed
BEGIN
    SELECT RAISE(ABORT, 'attribution_incomplete');
END;

CREATE TRIGGER attribution_sets_seal BEFORE UPDATE ON attribution_sets
WHEN NEW.sealed AND NOT OLD.sealed
 AND (SELECT coalesce(sum(basis_points), 0) FROM attribution_splits WHERE set_id = NEW.id) <> 10000
BEGIN
    SELECT RAISE(ABORT, 'attribution_incomplete');
END;

CREATE TRIGGER attribution_sets_update BEFORE UPDATE ON attribution_sets
WHEN OLD.sealed
BEGIN
    SELECT RAISE(ABORT, 'append_only: attribution_sets');
END;

CREATE TRIGGER attribution_sets_delete BEFORE DELETE ON attribution_sets
WHEN OLD.sealed
BEGIN
    SELECT RAISE(ABORT, 'append_only: attribution_sets');
END;

CREATE TRIGGER attribution_splits_insert BEFORE INSERT ON attribution_splits
WHEN EXISTS (SELECT 1 FROM attribution_sets WHERE id IN (NEW.set_id) AND sealed)
BEGIN
    SELECT RAISE(ABORT, 'append_only: attribution_splits');
END;

CREATE TRIGGER attribution_splits_update BEFORE UPDATE ON attribution_splits
WHEN EXISTS (SELECT 1 FROM attribution_sets WHERE id IN (NEW.set_id, OLD.set_id) AND sealed)
BEGIN
    SELECT RAISE(ABORT, 'append_only: attribution_splits');
END;

CREATE TRIGGER attribution_splits_delete BEFORE DELETE ON attribution_splits
WHEN EXISTS (SELECT 1 FROM attribution_sets WHERE id IN (OLD.set_id) AND sealed)
BEGIN
    SELECT RAISE(ABORT, 'append_only: attribution_splits');
END;
