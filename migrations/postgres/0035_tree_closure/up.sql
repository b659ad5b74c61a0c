-- The closure tables of the two trees follow their `parent_id`: every node with each of its ancestors, itself
-- included at depth 0. A parent is written before its children; a move that would close a circle is refused.

CREATE FUNCTION products_closure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.parent_id IS NOT DISTINCT FROM OLD.parent_id THEN
        RETURN NULL;
    END IF;
    -- One change of the tree at a time; readers are not held up.
    LOCK TABLE product_closure IN SHARE ROW EXCLUSIVE MODE;
    IF TG_OP = 'INSERT' THEN
        IF NEW.parent_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM product_closure WHERE ancestor_id = NEW.parent_id AND descendant_id = NEW.parent_id) THEN
            RAISE EXCEPTION 'tree_parent_missing' USING ERRCODE = '23000', TABLE = 'products';
        END IF;
        INSERT INTO product_closure (ancestor_id, descendant_id, depth)
        SELECT NEW.id, NEW.id, 0
        UNION ALL
        SELECT ancestor_id, NEW.id, depth + 1 FROM product_closure WHERE descendant_id = NEW.parent_id;
    ELSE
        IF EXISTS (SELECT 1 FROM product_closure WHERE ancestor_id = NEW.id AND descendant_id = NEW.parent_id) THEN
            RAISE EXCEPTION 'tree_circle' USING ERRCODE = '23000', TABLE = 'products';
        END IF;
        DELETE FROM product_closure
        WHERE descendant_id IN (SELECT descendant_id FROM product_closure WHERE ancestor_id = NEW.id)
          AND ancestor_id NOT IN (SELECT descendant_id FROM product_closure WHERE ancestor_id = NEW.id);
        INSERT INTO product_closure (ancestor_id, descendant_id, depth)
        SELECT above.ancestor_id, below.descendant_id, above.depth + below.depth + 1
        FROM product_closure AS above CROSS JOIN product_closure AS below
        WHERE above.descendant_id = NEW.parent_id AND below.ancestor_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER products_closure_write AFTER INSERT OR UPDATE OF parent_id ON products
    FOR EACH ROW EXECUTE FUNCTION products_closure();

CREATE FUNCTION products_closure_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE product_closure IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM product_closure WHERE descendant_id = OLD.id;
    RETURN OLD;
END $$;
CREATE TRIGGER products_closure_delete BEFORE DELETE ON products
    FOR EACH ROW EXECUTE FUNCTION products_closure_delete();

CREATE FUNCTION territories_closure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.parent_id IS NOT DISTINCT FROM OLD.parent_id THEN
        RETURN NULL;
    END IF;
    -- One change of the tree at a time; readers are not held up.
    LOCK TABLE territory_closure IN SHARE ROW EXCLUSIVE MODE;
    IF TG_OP = 'INSERT' THEN
        IF NEW.parent_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM territory_closure WHERE ancestor_id = NEW.parent_id AND descendant_id = NEW.parent_id) THEN
            RAISE EXCEPTION 'tree_parent_missing' USING ERRCODE = '23000', TABLE = 'territories';
        END IF;
        INSERT INTO territory_closure (ancestor_id, descendant_id, depth)
        SELECT NEW.id, NEW.id, 0
        UNION ALL
        SELECT ancestor_id, NEW.id, depth + 1 FROM territory_closure WHERE descendant_id = NEW.parent_id;
    ELSE
        IF EXISTS (SELECT 1 FROM territory_closure WHERE ancestor_id = NEW.id AND descendant_id = NEW.parent_id) THEN
            RAISE EXCEPTION 'tree_circle' USING ERRCODE = '23000', TABLE = 'territories';
        END IF;
        DELETE FROM territory_closure
        WHERE descendant_id IN (SELECT descendant_id FROM territory_closure WHERE ancestor_id = NEW.id)
          AND ancestor_id NOT IN (SELECT descendant_id FROM territory_closure WHERE ancestor_id = NEW.id);
        INSERT INTO territory_closure (ancestor_id, descendant_id, depth)
        SELECT above.ancestor_id, below.descendant_id, above.depth + below.depth + 1
        FROM territory_closure AS above CROSS JOIN territory_closure AS below
        WHERE above.descendant_id = NEW.parent_id AND below.ancestor_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER territories_closure_write AFTER INSERT OR UPDATE OF parent_id ON territories
    FOR EACH ROW EXECUTE FUNCTION territories_closure();

CREATE FUNCTION territories_closure_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE territory_closure IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM territory_closure WHERE descendant_id = OLD.id;
    RETURN OLD;
END $$;
CREATE TRIGGER territories_closure_delete BEFORE DELETE ON territories
    FOR EACH ROW EXECUTE FUNCTION territories_closure_delete();
