DROP TABLE deal_appeals;
