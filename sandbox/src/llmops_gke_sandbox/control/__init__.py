"""What controllers and agents share: local copies of the API's objects, work queues, events, and small readers."""
