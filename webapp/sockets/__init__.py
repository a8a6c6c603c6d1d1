"""Socket.IO namespaces: the browser's, the workers', and the relay between them."""
