"""What only this module may use."""
