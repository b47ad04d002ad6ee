"""Learning management systems: submissions in, grades and feedback out; one file a system."""
