"""The practice page: what the browser shows and does."""
