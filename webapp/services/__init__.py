"""Use cases, one file per noun: validation, permissions, transactions."""
