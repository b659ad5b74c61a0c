DROP TABLE notice_reminders;
DROP TABLE notice_digests;
DROP TABLE notice_templates;
DROP TABLE notice_preferences;
DROP TABLE notices;
DROP TABLE notice_marks;
