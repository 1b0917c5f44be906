"""What is told of a call as a trace: `context` is who asked, `span` what was done, `attributes` what is said of it, `otlp` bytes.

Pure: no clock, no dice, no socket. Which calls are followed is the policy's to say, and where spans go the collector's.
"""
