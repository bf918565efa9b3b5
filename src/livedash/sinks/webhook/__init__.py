"""Webhooks: signed HTTP posts to an address of the customer's."""
