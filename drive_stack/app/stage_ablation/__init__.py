"""The modular agent with each stage replaced by its oracle: runs, tables and figures."""
