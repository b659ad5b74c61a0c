DROP TABLE protections;
