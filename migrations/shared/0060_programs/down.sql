DROP TABLE tier_assignments;
DROP TABLE evaluation_results;
DROP TABLE evaluation_runs;
DROP TABLE program_memberships;
DROP TABLE tier_versions;
DROP TABLE program_versions;
DROP TABLE programs;
