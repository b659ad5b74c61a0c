DROP TRIGGER events_erase_only;
CREATE TRIGGER events_erase_only BEFORE UPDATE OF changed_fields, data, previous, erased_at, salt ON events
WHEN NEW.erased_at IS NULL
BEGIN
    SELECT RAISE(ABORT, 'append_only: events');
END;
