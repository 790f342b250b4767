"""The forge: draws captioned pictures, trains small networks on them, and exports bundles that the server runs."""
