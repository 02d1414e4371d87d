"""What each fault does to a request: functions of the pending request that return the response."""
