"""What is said in Slack: results and notices as texts and Block Kit. Pure: nothing here talks to anybody.

One module per kind of message; `text` is the only way for foreign words into a message.
"""
