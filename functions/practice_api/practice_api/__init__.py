"""The practice's side: packs, what couples are told of help, numbers over couples, and who did what."""
