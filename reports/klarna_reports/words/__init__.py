"""How findings are described: sentences, commands, timelines."""
