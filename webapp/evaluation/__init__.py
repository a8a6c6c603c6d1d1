"""How well recognition does, measured on labelled pose sequences by fixed protocols. See docs/evaluation.md."""
