DROP TRIGGER partner_needs_account_manager ON partners;
DROP FUNCTION partner_needs_account_manager();
DROP TRIGGER account_manager_guard ON account_manager_assignments;
DROP FUNCTION account_manager_guard();
