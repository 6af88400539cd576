"""Let the practice's staff write packs, set the help for couples, and read the statistics and the audit."""
