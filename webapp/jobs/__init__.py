"""Work that takes longer than a request: the queue, its consumer, and one child process per job."""
