"""Microsoft KB 906154 as data and pure functions."""
