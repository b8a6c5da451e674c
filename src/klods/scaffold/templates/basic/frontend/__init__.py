"""The pages of Sample Module."""
