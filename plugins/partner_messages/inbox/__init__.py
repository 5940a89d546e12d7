"""The shop's own inbox: the one place where this package writes into the shop (setting `mirror_to_shop`)."""
