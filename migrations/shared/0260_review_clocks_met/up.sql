-- Registrations by whether the promise to decide in time was kept.
CREATE INDEX review_clocks_met ON review_clocks (met, deal_id, round) WHERE met IS NOT NULL;
