"""Lego assemblies taken apart, of four sizes: the published protocol of the Lego table."""
