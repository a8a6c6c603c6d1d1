"""Commands of the make file: setting up, vendoring, screenshots. Not part of the product."""
