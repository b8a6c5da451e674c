"""Platforms, the vendors on them, and the tiers that say which features both have."""
