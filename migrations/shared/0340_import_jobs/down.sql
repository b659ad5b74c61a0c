DROP TABLE import_job_rows;
DROP TABLE import_work;
DROP TABLE import_jobs;
