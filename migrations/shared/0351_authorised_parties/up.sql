-- The clients of an identity provider whose tokens are taken; an empty list stands for all of them.
ALTER TABLE identity_providers ADD COLUMN authorised_parties TEXT NOT NULL DEFAULT '[]';
