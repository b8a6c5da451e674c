"""Accounts, sign-ins, API tokens, one-time links and roles in PostgreSQL; secrets come here as digests only."""
