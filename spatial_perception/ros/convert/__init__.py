"""Messages to values and back. Nothing here subscribes, publishes or keeps a node."""
