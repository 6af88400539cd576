"""Sign persons out of Firebase everywhere, and delete their Firebase accounts."""
