"""What goes on by itself while the bot runs: delivery, scheduler, health, the signal to stop."""
