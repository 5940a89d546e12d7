"""The shop's database: its stuck runs and the people who make them, and its inbox, the one thing written there."""
