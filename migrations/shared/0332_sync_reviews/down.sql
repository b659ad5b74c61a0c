DROP TABLE sync_reviews;
