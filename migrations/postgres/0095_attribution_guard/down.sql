DROP TRIGGER attribution_split_guard ON attribution_splits;
DROP FUNCTION attribution_split_guard();
DROP TRIGGER attribution_set_guard ON attribution_sets;
DROP FUNCTION attribution_set_guard();
