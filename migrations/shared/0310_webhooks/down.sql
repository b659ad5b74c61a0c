DROP TABLE webhook_attempts;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_marks;
DROP TABLE webhook_endpoints;
