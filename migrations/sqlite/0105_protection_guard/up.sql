-- No two active exclusive protections of one customer account and class of deal overlap in product, territory
-- and period. Nodes overlap when they are equal or one is above the other; periods that touch do not. The check
-- runs on whatever the code has decided; its answer is `protection_overlap`.
-- A product or territory may not be moved so that two existing protections would come to overlap.

CREATE TRIGGER protection_guard_insert BEFORE INSERT ON protections
WHEN NEW.exclusive AND NEW.status = 'active'
BEGIN
    SELECT RAISE(ABORT, 'protection_overlap')
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
             OR (ancestor_id = q.territory_id AND descendant_id = NEW.territory_id));
END;

CREATE TRIGGER protection_guard_update BEFORE UPDATE OF account_id, product_id, territory_id, deal_type_class, exclusive, starts_at, ends_at, status ON protections
WHEN NEW.exclusive AND NEW.status = 'active'
BEGIN
    SELECT RAISE(ABORT, 'protection_overlap')
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
             OR (ancestor_id = q.territory_id AND descendant_id = NEW.territory_id));
END;

CREATE TRIGGER products_move_guard BEFORE UPDATE OF parent_id ON products
WHEN NEW.parent_id IS NOT OLD.parent_id
BEGIN
    SELECT RAISE(ABORT, 'protection_overlap')
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
             OR (ancestor_id = q.territory_id AND descendant_id = p.territory_id));
END;

CREATE TRIGGER territories_move_guard BEFORE UPDATE OF parent_id ON territories
WHEN NEW.parent_id IS NOT OLD.parent_id
BEGIN
    SELECT RAISE(ABORT, 'protection_overlap')
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
             OR (ancestor_id = q.product_id AND descendant_id = p.product_id));
END;
