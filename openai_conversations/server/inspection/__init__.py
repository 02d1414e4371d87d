"""What a test sees and does: the journal, the assertions, the control path."""
