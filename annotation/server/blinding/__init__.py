"""A Django app for Label Studio: who has a seat in which project, what he may see there, and what he did."""
