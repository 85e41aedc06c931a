"""Methods of the libraries people use, each as its manual says to use it."""
