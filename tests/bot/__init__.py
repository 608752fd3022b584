"""Tests of the outer ring."""
