"""One module for each command; it is imported when the command is named, or when all of them are listed."""
