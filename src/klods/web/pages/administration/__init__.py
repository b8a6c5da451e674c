"""The pages on which people, roles, platforms, vendors and features are managed."""
