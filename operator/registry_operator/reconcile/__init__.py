"""One walk for each Registry: observe, gate, desire, apply, report."""
