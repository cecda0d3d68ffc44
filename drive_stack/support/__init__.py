"""Support code without driving in it: files, pictures, text from outside, worker processes."""
