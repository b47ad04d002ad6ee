"""Exercises as data: hidden cases, references, misconceptions, known solutions."""
