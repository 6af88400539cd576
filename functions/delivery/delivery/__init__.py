"""Delivery: takes push jobs from the queue and sends them by FCM. No other function talks to FCM."""
