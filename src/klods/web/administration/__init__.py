"""What administrators do, for the API and for the pages alike: who may, on which platform, and what follows from it."""
