"""Serve stand-ins for Google's sign-in and FCM, the phones' inboxes, and the page with two phones."""
