DROP TRIGGER territories_move_guard;
DROP TRIGGER products_move_guard;
DROP TRIGGER protection_guard_update;
DROP TRIGGER protection_guard_insert;
