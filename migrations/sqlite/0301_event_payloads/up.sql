-- What partners read of an event is part of its payload: it goes with an erasure, and is not changed otherwise.
DROP TRIGGER events_erase_only;
CREATE TRIGGER events_erase_only BEFORE UPDATE OF changed_fields, data, previous, partner_view, erased_at, salt ON events
WHEN NEW.erased_at IS NULL
BEGIN
    SELECT RAISE(ABORT, 'append_only: events');
END;
