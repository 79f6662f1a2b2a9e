"""What a Registry's status says, decided by pure functions from what a reconciliation found."""
