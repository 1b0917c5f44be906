"""What may happen around a call, one class and one file each.

Policies know calls and how they end. Dialects, providers and bytes are not theirs.
"""
