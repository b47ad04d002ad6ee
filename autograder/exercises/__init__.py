"""The exercises: a YAML file for each, and the reader of their known solutions."""
