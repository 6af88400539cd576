"""Stand-ins for Google in one server: sign-in, FCM and each phone's inbox; beside them the page with two phones."""
