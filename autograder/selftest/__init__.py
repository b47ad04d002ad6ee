"""Published outputs of a model, compared with what it gives on this machine."""
