"""Adobe Campaign v7/v8 in a notebook."""
