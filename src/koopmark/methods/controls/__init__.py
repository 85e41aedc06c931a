"""The answer key and a random guess, entered as if they were methods: what scores must say."""
