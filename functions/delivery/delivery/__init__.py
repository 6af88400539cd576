"""The one exit for pushes: takes jobs from the queue, and alone talks to FCM."""
