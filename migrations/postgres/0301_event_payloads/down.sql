DROP TRIGGER events_erase_only ON events;
CREATE TRIGGER events_erase_only BEFORE UPDATE OF changed_fields, data, previous, erased_at, salt ON events
    FOR EACH ROW WHEN (NEW.erased_at IS NULL) EXECUTE FUNCTION refuse_change();
