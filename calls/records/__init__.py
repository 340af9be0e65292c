"""What remains of calls: events in a database, and a row a call that is kept from them."""
