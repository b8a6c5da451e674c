"""What modules hold in the database as a whole: measured, set aside, brought back, deleted."""
