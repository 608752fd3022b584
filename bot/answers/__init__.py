"""From a command to its answer: what each command of the chat does and says."""
