-- An active (or suspended) partner has a primary account manager at every instant. Starts alone rule out
-- overlaps; this guard rules out the gaps that are left: a partner does not become active without a holder in
-- force at its `updated_at`, its chain is not ended, and its first entry is not taken away. Entries are never
-- changed: one that has not begun is deleted and written anew.

CREATE TRIGGER account_manager_no_end BEFORE INSERT ON account_manager_assignments
WHEN NEW.role = 'primary' AND NEW.user_id IS NULL
 AND EXISTS (SELECT 1 FROM partners WHERE id = NEW.partner_id AND status IN ('active', 'suspended'))
BEGIN
    SELECT RAISE(ABORT, 'account_manager_gap');
END;

CREATE TRIGGER account_manager_no_change BEFORE UPDATE ON account_manager_assignments
BEGIN
    SELECT RAISE(ABORT, 'append_only: account_manager_assignments');
END;

CREATE TRIGGER account_manager_no_hole BEFORE DELETE ON account_manager_assignments
WHEN OLD.role = 'primary'
 AND EXISTS (SELECT 1 FROM partners WHERE id = OLD.partner_id AND status IN ('active', 'suspended'))
 AND (SELECT user_id FROM account_manager_assignments
      WHERE partner_id = OLD.partner_id AND role = 'primary' AND valid_from < OLD.valid_from
      ORDER BY valid_from DESC LIMIT 1) IS NULL
BEGIN
    SELECT RAISE(ABORT, 'account_manager_gap');
END;

CREATE TRIGGER partner_needs_account_manager_insert BEFORE INSERT ON partners
WHEN NEW.status IN ('active', 'suspended')
 AND ((SELECT user_id FROM account_manager_assignments
       WHERE partner_id = NEW.id AND role = 'primary' AND valid_from <= NEW.updated_at
       ORDER BY valid_from DESC LIMIT 1) IS NULL
   OR EXISTS (SELECT 1 FROM account_manager_assignments
       WHERE partner_id = NEW.id AND role = 'primary' AND valid_from > NEW.updated_at AND user_id IS NULL))
BEGIN
    SELECT RAISE(ABORT, 'account_manager_gap');
END;

CREATE TRIGGER partner_needs_account_manager_update BEFORE UPDATE OF status ON partners
WHEN NEW.status IN ('active', 'suspended') AND OLD.status NOT IN ('active', 'suspended')
 AND ((SELECT user_id FROM account_manager_assignments
       WHERE partner_id = NEW.id AND role = 'primary' AND valid_from <= NEW.updated_at
       ORDER BY valid_from DESC LIMIT 1) IS NULL
   OR EXISTS (SELECT 1 FROM account_manager_assignments
       WHERE partner_id = NEW.id AND role = 'primary' AND valid_from > NEW.updated_at AND user_id IS NULL))
BEGIN
    SELECT RAISE(ABORT, 'account_manager_gap');
END;
