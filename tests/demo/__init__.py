"""The product's main job, from nothing, as a user does it; each step is printed so that it can be done by hand."""
