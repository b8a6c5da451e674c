"""The APIs of Sample Module for those who look after it."""
