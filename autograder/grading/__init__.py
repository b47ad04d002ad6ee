"""One submission becomes one record, in a sandbox, on any machine; without nbgrader."""
