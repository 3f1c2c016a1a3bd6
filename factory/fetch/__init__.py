"""Address → raw bytes: the only code that opens a connection to a source, politely and safely."""
