DROP TABLE partner_segments;
