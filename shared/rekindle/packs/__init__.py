"""Read and check a pack's document, and define a pack's lifecycle."""
