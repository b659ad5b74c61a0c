-- The shares of a deal add up to 100 %: a set is written open, filled, and sealed, which is refused unless the
-- sum is 10,000 basis points. A sealed set is never changed; a later one takes over.

CREATE FUNCTION attribution_set_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.sealed THEN
            RAISE EXCEPTION 'attribution_incomplete' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.sealed THEN
        RAISE EXCEPTION 'append_only: attribution_sets' USING ERRCODE = '55000';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF NEW.sealed
       AND (SELECT coalesce(sum(basis_points), 0) FROM attribution_splits WHERE set_id = NEW.id) <> 10000 THEN
        RAISE EXCEPTION 'attribution_incomplete' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER attribution_set_guard BEFORE INSERT OR UPDATE OR DELETE ON attribution_sets
    FOR EACH ROW EXECUTE FUNCTION attribution_set_guard();

CREATE FUNCTION attribution_split_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Locked, so that a set is not sealed while its shares are being written.
    IF TG_OP <> 'INSERT' THEN
        PERFORM 1 FROM attribution_sets WHERE id = OLD.set_id FOR NO KEY UPDATE;
        IF EXISTS (SELECT 1 FROM attribution_sets WHERE id = OLD.set_id AND sealed) THEN
            RAISE EXCEPTION 'append_only: attribution_splits' USING ERRCODE = '55000';
        END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    PERFORM 1 FROM attribution_sets WHERE id = NEW.set_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM attribution_sets WHERE id = NEW.set_id AND sealed) THEN
        RAISE EXCEPTION 'append_only: attribution_splits' USING ERRCODE = '55000';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER attribution_split_guard BEFORE INSERT OR UPDATE OR DELETE ON attribution_splits
    FOR EACH ROW EXECUTE FUNCTION attribution_split_guard();
