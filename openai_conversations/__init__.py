"""An asyncio client for the OpenAI Conversations API."""
