"""A library that notes that it is imported."""

from counting_methods import note

note("imported")
