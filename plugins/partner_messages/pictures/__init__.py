"""Download a picture to check that Meta would accept it in a message."""
