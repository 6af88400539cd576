"""The practice's side: packs, the help that couples are shown, numbers over couples, and the audit."""
