-- The way back knows no identity providers: what was signed in by them counts as another proof that came from elsewhere.
ALTER TABLE sign_ins DISABLE TRIGGER sign_ins_no_change;
UPDATE sign_ins SET method = 'one_time_token' WHERE method = 'identity_provider';
ALTER TABLE sign_ins ENABLE TRIGGER sign_ins_no_change;
ALTER TABLE sign_ins DROP CONSTRAINT sign_ins_method_check;
ALTER TABLE sign_ins ADD CONSTRAINT sign_ins_method_check
    CHECK (method IN ('password', 'refresh', 'one_time_token', 'client_credentials', 'api_key'));
