"""Exchange formats: each reads a folder or an archive into labelled pictures, and most write them back."""
