"""The proof data: tracing libraries, importing data sets, the library database, splits."""
