"""The parts of tools/bench: what is measured (cases), with what (servers), how (load, idle, slow_disk), and the table (report)."""
