DROP TABLE specialisation_awards;
DROP TABLE specialisations;
