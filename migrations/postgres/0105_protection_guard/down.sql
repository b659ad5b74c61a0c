DROP TRIGGER territories_move_guard ON territories;
DROP FUNCTION territories_move_guard();
DROP TRIGGER products_move_guard ON products;
DROP FUNCTION products_move_guard();
DROP TRIGGER protection_guard ON protections;
DROP FUNCTION protection_guard();
