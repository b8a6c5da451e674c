"""The API of Sample Module."""
