"""The file: opening it safely, its lock, its migrations, and what can go wrong with it."""
