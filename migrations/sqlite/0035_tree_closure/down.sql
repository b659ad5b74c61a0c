DROP TRIGGER territories_closure_delete;
DROP TRIGGER territories_closure_move;
DROP TRIGGER territories_closure_circle;
DROP TRIGGER territories_closure_insert;
DROP TRIGGER products_closure_delete;
DROP TRIGGER products_closure_move;
DROP TRIGGER products_closure_circle;
DROP TRIGGER products_closure_insert;
