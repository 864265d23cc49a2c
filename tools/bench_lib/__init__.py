"""The parts of tools/bench: what is measured (cases), with what (servers), how (load, latency, idle, slow_disk), and the table (report)."""
