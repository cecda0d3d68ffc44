"""Support code that is independent of driving: files, images, untrusted text, worker processes."""
