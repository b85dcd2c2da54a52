"""Trends: any figure of an enterprise or an area over any span and grain, against a chosen base."""

from tanma.apps.trends.measures import Known, Measure, Ratio, Sum

__all__ = ["Known", "Measure", "Ratio", "Sum"]
