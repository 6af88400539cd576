"""The API of the phones: pairing, days, answers, reminders and devices."""
