"""The database: tables, transactions and the library that every story is kept in."""
