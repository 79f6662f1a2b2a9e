"""What the cluster should hold for a Registry: one pure builder for each child, returning plain objects.

A builder returns exactly the fields that the operator owns, in the form in which the API server gives them back
(canonical quantities, explicit keys of list maps, no nulls, nothing empty that the server would drop), so that what is
desired can be compared with what is there field by field.

Rejected: templates (quoting and injection), typed models of Kubernetes (13 to 16 times the cost of plain dicts), and
defaults spelled out for completeness (each one a field to fight over with whoever else sets it).
"""
