-- A sign-in may be by the token of an identity provider.
ALTER TABLE sign_ins DROP CONSTRAINT sign_ins_method_check;
ALTER TABLE sign_ins ADD CONSTRAINT sign_ins_method_check
    CHECK (method IN ('password', 'refresh', 'one_time_token', 'client_credentials', 'api_key', 'identity_provider'));
