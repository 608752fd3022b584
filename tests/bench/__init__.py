"""The measured goals: each figure beside its floor, taken in the same run. `python -m tests.bench`."""
