"""What Klarna's Order Management documentation says, as data and pure functions."""
