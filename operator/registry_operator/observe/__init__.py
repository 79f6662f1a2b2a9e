"""What the operator tells about itself: metrics, events, logs and health."""
