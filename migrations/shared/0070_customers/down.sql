DROP TABLE installed_base;
DROP TABLE named_accounts;
DROP TABLE direct_opportunities;
DROP TABLE account_merges;
DROP TABLE account_aliases;
DROP TABLE account_keys;
DROP TABLE customer_accounts;
