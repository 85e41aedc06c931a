"""What promoted runs came to, one line each, and since when something has changed."""
