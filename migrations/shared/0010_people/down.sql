DROP TABLE user_roles;
DROP TABLE users;
DROP TABLE teams;
DROP TABLE people;
