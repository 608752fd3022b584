"""Tests of the practice lab."""
