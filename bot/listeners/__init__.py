"""The Slack listeners; `register` shows the whole surface."""
