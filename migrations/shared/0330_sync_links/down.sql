DROP TABLE sync_conflicts;
DROP TABLE sync_links;
DROP TABLE external_systems;
