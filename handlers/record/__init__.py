"""Questions to the audit: what is asked, the pages of a history, the story of a fix, anchors."""
