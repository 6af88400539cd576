"""Take push jobs from the queue, and send their pushes through FCM. No other function sends requests to FCM."""
