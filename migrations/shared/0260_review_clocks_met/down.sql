DROP INDEX review_clocks_met;
