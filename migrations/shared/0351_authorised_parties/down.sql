ALTER TABLE identity_providers DROP COLUMN authorised_parties;
