"""Local Spark: the session and everything it needs on a fresh machine (Java, Delta JARs, companion, archive)."""
