-- Who has halted all sending by hand, why, and since when; asked before every claim.
SELECT who, why, since FROM halt
