DROP INDEX sign_ins_addressed;
DROP TABLE sign_in_marks;
DROP TABLE retention_terms;
DROP TABLE usage_marks;
DROP TABLE response_times;
DROP TABLE usage_days;
