"""Moveprint: learn a movement from one take, recognise it live."""
