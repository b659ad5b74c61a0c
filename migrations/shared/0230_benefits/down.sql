DROP TABLE benefit_uses;
DROP TABLE benefit_grants;
