"""All that a student's process may load, and nothing else: the sandbox shows this folder."""
