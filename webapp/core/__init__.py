"""Pure numpy and numba: records, skeletons, features, distances. Knows no framework."""
