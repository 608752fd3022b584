"""The practice page in a real browser: the whole story by clicking. Needs Chromium, else it is skipped."""
