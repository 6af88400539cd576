"""The phones' API: pairing, days, answers, reminders and devices."""
