"""`kischule check`: problems a student should fix before submitting."""
