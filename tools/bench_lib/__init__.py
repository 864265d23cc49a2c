"""The parts of tools/bench: what is measured (cases), with what (servers), how (load, latency, cold, ...), and the table (report)."""
