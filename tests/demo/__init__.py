"""The product's main job, from nothing, as its user would do it; each step is printed so that it can be done by hand."""
