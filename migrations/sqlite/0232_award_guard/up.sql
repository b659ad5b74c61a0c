-- No two awards of one specialisation to one partner overlap; periods that touch do not. An award ends when it is
-- withdrawn, or else by its date. The check runs on whatever the code has decided; its answer is `award_overlap`.

CREATE TRIGGER award_guard_insert BEFORE INSERT ON specialisation_awards
BEGIN
    SELECT RAISE(ABORT, 'award_overlap')
    FROM specialisation_awards AS q
    WHERE q.partner_id = NEW.partner_id
      AND q.specialisation_id = NEW.specialisation_id
      AND q.id <> NEW.id
      AND q.valid_from < COALESCE(NEW.withdrawn_at, NEW.valid_until, 9223372036854775807)
      AND NEW.valid_from < COALESCE(q.withdrawn_at, q.valid_until, 9223372036854775807);
END;

CREATE TRIGGER award_guard_update BEFORE UPDATE OF partner_id, specialisation_id, valid_from, valid_until, withdrawn_at ON specialisation_awards
BEGIN
    SELECT RAISE(ABORT, 'award_overlap')
    FROM specialisation_awards AS q
    WHERE q.partner_id = NEW.partner_id
      AND q.specialisation_id = NEW.specialisation_id
      AND q.id <> NEW.id
      AND q.valid_from < COALESCE(NEW.withdrawn_at, NEW.valid_until, 9223372036854775807)
      AND NEW.valid_from < COALESCE(q.withdrawn_at, q.valid_until, 9223372036854775807);
END;
