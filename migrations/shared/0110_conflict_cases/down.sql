DROP TABLE conflict_probes;
DROP TABLE conflict_case_claims;
DROP TABLE conflict_cases;
