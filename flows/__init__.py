"""The flows: one file per path of a loan's life, each reading like the procedure it carries out.

See README.md in this folder before changing one.
"""
