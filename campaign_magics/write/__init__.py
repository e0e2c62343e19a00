"""Writing back: rows, a plan that shows what they do, a commit that keeps a journal."""
