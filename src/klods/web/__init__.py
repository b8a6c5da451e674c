"""FastAPI, and only here and in the modules' own routes."""
