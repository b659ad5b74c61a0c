DROP TABLE notice_reminders;
DROP TABLE notice_digests;
DROP TABLE notice_templates;
DROP TABLE notice_preferences;
DROP TABLE notices;
DELETE FROM feed_marks WHERE name = 'notices';
