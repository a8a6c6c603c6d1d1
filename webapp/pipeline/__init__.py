"""One frame to people to matches, and what crosses the process boundary."""
