DROP TABLE field_maps;
