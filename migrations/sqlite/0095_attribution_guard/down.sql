DROP TRIGGER attribution_splits_delete;
DROP TRIGGER attribution_splits_update;
DROP TRIGGER attribution_splits_insert;
DROP TRIGGER attribution_sets_delete;
DROP TRIGGER attribution_sets_update;
DROP TRIGGER attribution_sets_seal;
DROP TRIGGER attribution_sets_open;
