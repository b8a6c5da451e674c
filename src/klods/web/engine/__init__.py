"""Carries requests into modules: dispatcher, gate, edge, worker threads."""
