"""What is asked: exercises as data, hidden cases, references, misconceptions, known solutions."""
