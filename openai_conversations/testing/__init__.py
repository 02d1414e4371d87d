"""Tests of services that use the Conversations API; the pytest plugin is in :mod:`.plugin`."""
