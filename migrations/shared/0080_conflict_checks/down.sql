DROP TABLE conflict_checks;
