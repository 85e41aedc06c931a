"""Our own methods: published algorithms that no library has, or has with fewer digits."""
