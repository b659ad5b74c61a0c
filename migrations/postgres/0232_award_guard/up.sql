-- No two awards of one specialisation to one partner overlap; periods that touch do not. An award ends when it is
-- withdrawn, or else by its date. The check runs on whatever the code has decided; its answer is `award_overlap`.

CREATE FUNCTION award_guard() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    winner text;
BEGIN
    -- Awards to one partner queue here. At READ COMMITTED the next statement then sees what the one before committed.
    -- The lock is the weakest that excludes itself, so that foreign key checks go on.
    PERFORM 1 FROM partners WHERE id = NEW.partner_id FOR NO KEY UPDATE;
    SELECT q.id INTO winner
    FROM specialisation_awards AS q
    WHERE q.partner_id = NEW.partner_id
      AND q.specialisation_id = NEW.specialisation_id
      AND q.id <> NEW.id
      AND q.valid_from < COALESCE(NEW.withdrawn_at, NEW.valid_until, 9223372036854775807)
      AND NEW.valid_from < COALESCE(q.withdrawn_at, q.valid_until, 9223372036854775807)
    ORDER BY q.valid_from, q.id
    LIMIT 1;
    IF winner IS NOT NULL THEN
        RAISE EXCEPTION 'award_overlap'
            USING ERRCODE = '23P01', DETAIL = winner, TABLE = 'specialisation_awards', CONSTRAINT = 'award_overlap';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER award_guard
    BEFORE INSERT OR UPDATE OF partner_id, specialisation_id, valid_from, valid_until, withdrawn_at
    ON specialisation_awards FOR EACH ROW EXECUTE FUNCTION award_guard();
