-- The closure tables of the two trees follow their `parent_id`: every node with each of its ancestors, itself
-- included at depth 0. A parent is written before its children; a move that would close a circle is refused.

CREATE TRIGGER products_closure_insert AFTER INSERT ON products
BEGIN
    SELECT RAISE(ABORT, 'tree_parent_missing')
    WHERE NEW.parent_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM product_closure WHERE ancestor_id = NEW.parent_id AND descendant_id = NEW.parent_id);
    INSERT INTO product_closure (ancestor_id, descendant_id, depth)
    SELECT NEW.id, NEW.id, 0
    UNION ALL
    SELECT ancestor_id, NEW.id, depth + 1 FROM product_closure WHERE descendant_id = NEW.parent_id;
END;

CREATE TRIGGER products_closure_circle BEFORE UPDATE OF parent_id ON products
WHEN EXISTS (SELECT 1 FROM product_closure WHERE ancestor_id = NEW.id AND descendant_id = NEW.parent_id)
BEGIN
    SELECT RAISE(ABORT, 'tree_circle');
END;

CREATE TRIGGER products_closure_move AFTER UPDATE OF parent_id ON products
WHEN NEW.parent_id IS NOT OLD.parent_id
BEGIN
    DELETE FROM product_closure
    WHERE descendant_id IN (SELECT descendant_id FROM product_closure WHERE ancestor_id = NEW.id)
      AND ancestor_id NOT IN (SELECT descendant_id FROM product_closure WHERE ancestor_id = NEW.id);
    INSERT INTO product_closure (ancestor_id, descendant_id, depth)
    SELECT above.ancestor_id, below.descendant_id, above.depth + below.depth + 1
    FROM product_closure AS above CROSS JOIN product_closure AS below
    WHERE above.descendant_id = NEW.parent_id AND below.ancestor_id = NEW.id;
END;

CREATE TRIGGER products_closure_delete BEFORE DELETE ON products
BEGIN
    DELETE FROM product_closure WHERE descendant_id = OLD.id;
END;

CREATE TRIGGER territories_closure_insert AFTER INSERT ON territories
BEGIN
    SELECT RAISE(ABORT, 'tree_parent_missing')
    WHERE NEW.parent_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM territory_closure WHERE ancestor_id = NEW.parent_id AND descendant_id = NEW.parent_id);
    INSERT INTO territory_closure (ancestor_id, descendant_id, depth)
    SELECT NEW.id, NEW.id, 0
    UNION ALL
    SELECT ancestor_id, NEW.id, depth + 1 FROM territory_closure WHERE descendant_id = NEW.parent_id;
END;

CREATE TRIGGER territories_closure_circle BEFORE UPDATE OF parent_id ON territories
WHEN EXISTS (SELECT 1 FROM territory_closure WHERE ancestor_id = NEW.id AND descendant_id = NEW.parent_id)
BEGIN
    SELECT RAISE(ABORT, 'tree_circle');
END;

CREATE TRIGGER territories_closure_move AFTER UPDATE OF parent_id ON territories
WHEN NEW.parent_id IS NOT OLD.parent_id
BEGIN
    DELETE FROM territory_closure
    WHERE descendant_id IN (SELECT descendant_id FROM territory_closure WHERE ancestor_id = NEW.id)
      AND ancestor_id NOT IN (SELECT descendant_id FROM territory_closure WHERE ancestor_id = NEW.id);
    INSERT INTO territory_closure (ancestor_id, descendant_id, depth)
    SELECT above.ancestor_id, below.descendant_id, above.depth + below.depth + 1
    FROM territory_closure AS above CROSS JOIN territory_closure AS below
    WHERE above.descendant_id = NEW.parent_id AND below.ancestor_id = NEW.id;
END;

CREATE TRIGGER territories_closure_delete BEFORE DELETE ON territories
BEGIN
    DELETE FROM territory_closure WHERE descendant_id = OLD.id;
END;
