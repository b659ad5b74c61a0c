DROP TRIGGER territories_closure_delete ON territories;
DROP FUNCTION territories_closure_delete();
DROP TRIGGER territories_closure_write ON territories;
DROP FUNCTION territories_closure();
DROP TRIGGER products_closure_delete ON products;
DROP FUNCTION products_closure_delete();
DROP TRIGGER products_closure_write ON products;
DROP FUNCTION products_closure();
