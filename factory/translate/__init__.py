"""English → Spanish: units, prompt, reply, gates."""
