-- No two active exclusive protections of one customer account and class of deal overlap in product, territory
-- and period. Nodes overlap when they are equal or one is above the other; periods that touch do not. The check
-- runs on whatever the code has decided; its answer is `protection_overlap`.
-- A product or territory may not be moved so that two existing protections would come to overlap.

CREATE FUNCTION protection_guard() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    winner text;
BEGIN
    IF NOT (NEW.exclusive AND NEW.status = 'active') THEN
        RETURN NEW;
    END IF;
    -- Contenders for one customer queue here. At READ COMMITTED the next statement then sees what the one
    -- before committed. The lock is the weakest that excludes itself, so that foreign key checks go on.
    PERFORM 1 FROM customer_accounts WHERE id = NEW.account_id FOR NO KEY UPDATE;
    SELECT q.id INTO winner
    FROM protections AS q
    WHERE q.account_id = NEW.account_id
      AND q.id <> NEW.id
      AND q.exclusive AND q.status = 'active'
      AND (q.deal_type_class = NEW.deal_type_class OR 'any' IN (q.deal_type_class, NEW.deal_type_class))
      AND q.starts_at < NEW.ends_at AND NEW.starts_at < q.ends_at
      AND EXISTS (SELECT 1 FROM product_closure
          WHERE (ancestor_id = NEW.product_id AND descendant_id = q.product_id)
             OR (ancestor_id = q.product_id AND descendant_id = NEW.product_id))
      AND EXISTS (SELECT 1 FROM territory_closure
          WHERE (ancestor_id = NEW.territory_id AND descendant_id = q.territory_id)
             OR (ancestor_id = q.territory_id AND descendant_id = NEW.territory_id))
    ORDER BY q.starts_at, q.id
    LIMIT 1;
    IF winner IS NOT NULL THEN
        RAISE EXCEPTION 'protection_overlap'
            USING ERRCODE = '23P01', DETAIL = winner, TABLE = 'protections', CONSTRAINT = 'protection_overlap';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER protection_guard
    BEFORE INSERT OR UPDATE OF account_id, product_id, territory_id, deal_type_class, exclusive, starts_at, ends_at, status
    ON protections FOR EACH ROW EXECUTE FUNCTION protection_guard();

CREATE FUNCTION products_move_guard() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    held text;
BEGIN
    IF NEW.parent_id IS NOT DISTINCT FROM OLD.parent_id THEN
        RETURN NEW;
    END IF;
    -- No protection is granted and no tree changes while this one looks.
    LOCK TABLE product_closure, territory_closure, protections IN SHARE ROW EXCLUSIVE MODE;
    SELECT q.id INTO held
    FROM product_closure AS below
    JOIN protections AS p ON p.product_id = below.descendant_id AND p.exclusive AND p.status = 'active'
    JOIN protections AS q ON q.account_id = p.account_id
          AND q.id <> p.id
          AND q.exclusive AND q.status = 'active'
          AND (q.deal_type_class = p.deal_type_class OR 'any' IN (q.deal_type_class, p.deal_type_class))
          AND q.starts_at < p.ends_at AND p.starts_at < q.ends_at
    JOIN product_closure AS above ON above.ancestor_id = q.product_id
    WHERE below.ancestor_id = NEW.id
      AND above.descendant_id = NEW.parent_id
      AND EXISTS (SELECT 1 FROM territory_closure
          WHERE (ancestor_id = p.territory_id AND descendant_id = q.territory_id)
             OR (ancestor_id = q.territory_id AND descendant_id = p.territory_id))
    LIMIT 1;
    IF held IS NOT NULL THEN
        RAISE EXCEPTION 'protection_overlap'
            USING ERRCODE = '23P01', DETAIL = held, TABLE = 'products', CONSTRAINT = 'protection_overlap';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER products_move_guard BEFORE UPDATE OF parent_id ON products
    FOR EACH ROW EXECUTE FUNCTION products_move_guard();

CREATE FUNCTION territories_move_guard() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    held text;
BEGIN
    IF NEW.parent_id IS NOT DISTINCT FROM OLD.parent_id THEN
        RETURN NEW;
    END IF;
    -- No protection is granted and no tree changes while this one looks.
    LOCK TABLE product_closure, territory_closure, protections IN SHARE ROW EXCLUSIVE MODE;
    SELECT q.id INTO held
    FROM territory_closure AS below
    JOIN protections AS p ON p.territory_id = below.descendant_id AND p.exclusive AND p.status = 'active'
    JOIN protections AS q ON q.account_id = p.account_id
          AND q.id <> p.id
          AND q.exclusive AND q.status = 'active'
          AND (q.deal_type_class = p.deal_type_class OR 'any' IN (q.deal_type_class, p.deal_type_class))
          AND q.starts_at < p.ends_at AND p.starts_at < q.ends_at
    JOIN territory_closure AS above ON above.ancestor_id = q.territory_id
    WHERE below.ancestor_id = NEW.id
      AND above.descendant_id = NEW.parent_id
      AND EXISTS (SELECT 1 FROM product_closure
          WHERE (ancestor_id = p.product_id AND descendant_id = q.product_id)
             OR (ancestor_id = q.product_id AND descendant_id = p.product_id))
    LIMIT 1;
    IF held IS NOT NULL THEN
        RAISE EXCEPTION 'protection_overlap'
            USING ERRCODE = '23P01', DETAIL = held, TABLE = 'territories', CONSTRAINT = 'protection_overlap';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER territories_move_guard BEFORE UPDATE OF parent_id ON territories
    FOR EACH ROW EXECUTE FUNCTION territories_move_guard();
