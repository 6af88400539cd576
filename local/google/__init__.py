"""Stand-ins for Google in one server: sign-in, FCM and inboxes, beside the two phones' page."""
