"""A notebook's cells: reading them, what each is for, running them."""
