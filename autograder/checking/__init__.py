"""From the replies to an exercise's cases to one result."""
