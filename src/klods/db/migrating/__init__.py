"""Runs the migrations of modules, each inside its own fence."""
