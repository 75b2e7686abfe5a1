"""Targeting: acquisition, contacts, scores of customers, value tiers and segmentation bases."""
