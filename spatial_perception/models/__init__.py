"""Estimators and answerers. Import a system from its own folder, or by name through `registry`."""
