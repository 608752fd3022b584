"""The practice cluster: nodes with their registry, services and events, and what runs where."""
