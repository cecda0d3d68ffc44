"""What the command line does once it has been understood: watch, drive unseen, print."""
